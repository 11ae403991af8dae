// The words behind the common passwords, in lower case, from what is well known about leaked ones: words, names, teams,
// things people like, and keys that lie beside each other.

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** Common by themselves, or with a few digits and signs behind them. */
export const commonBases = words(`
  abc abcd abcde abcdef access account admin administrator adobe alpha amanda america amigo andrea andrew angel angela
  angels animal anthony apple april arsenal asdf asdfg asdfgh asdfghjk asdfghjkl ashley august austin autumn awesome
  azerty baby bailey banana barcelona baseball basketball batman beautiful beaver benjamin berlin bigdaddy biteme
  blessed blessing blink blue bonnie booboo boomer boston brandon brasil bravo brooklyn bubbles buddy buster butterfly
  california canada captain carlos carolina caroline celtic chance changeit changeme changemenow charlie charlotte
  chat cheese chelsea cherry chester chicago chicken chocolate chris christ christian christine christmas christopher
  classic coffee computer cookie cookies cooper corvette cowboy cowboys cricket cristina crystal daddy dakota dallas
  daniel daniela danielle david death december default deneme destiny diamond discord dolphin dolphins dragon dreams
  dupont eagle eagles elephant elizabeth eminem england enter estrella extreme facebook faith falcon family favorite
  february fender fernando ferrari firebird fireman fishing florida flower flowers football forever forgot france
  francis freedom friday friend friends fuckoff fuckyou gabriel galaxy gandalf garfield george germany giants ginger
  golden goldfish golf google grandma grandpa grateful greenday guest guitar gunner hacker hallo hammer hannah happy
  harley harry heather hello helloworld hockey holiday home honey hotmail house hunter iceman iloveme iloveu iloveyou
  infinity instagram internet ireland isabella italia jackson jaguar jasmine jasper jehovah jennifer jeremy jessica
  jessie jesus jesuschrist jordan jordan23 joseph joshua juice julian july june junior justin justinbieber karate
  katie kevin killer kimberly king kingdom kitten kitty knight lakers lauren legend letmein letmeinnow liberty lincoln
  linkedin linux liverpool login london looking lorenzo loser love lovelove lovely loveme lover loveyou lucky madison
  madrid maggie magic manager manchester marina marine mario market marlboro martin master matrix matthew maverick
  maxwell melissa mercedes merlin metallica mexico michael michelle mickey microsoft midnight minecraft mobile monday
  money monica monkey monster morgan mother motorola mountain muffin murphy music mustang mypassword mysecret myspace
  naruto nascar natasha nathan newyork nicholas nicolas nicole nintendo nirvana nothing november october office oliver
  orange pa55word pakistan pamela panda panther parley parola pass passphrase passw0rd passwd password passwords
  passwort patricia patrick peaches peanut people pepper phoenix picture pirate platinum player please pokemon police
  porsche portugal power precious prince princess private purple python qazwsx qazwsxedc qqww qwe qweasd qweasdzxc
  qwer qwert qwerty qwertyu qwertyui qwertyuiop qwertz rabbit rachel raiders rainbow ranger rangers rebecca reddog
  redsox remember richard robert rock rocket rockstar rocky ronaldo root runner russia samantha samsung samuel sandra
  saturday scooby scooter scorpion scotland secret secure security senha september service shadow shannon shelby
  sierra silver simple simpsons skittles skywalker slack slayer slipknot smokey snoopy snowball soccer softball
  something sophie southpark sparky spider spiderman spirit sport spring stalker startrek starwars steelers stella
  stephanie steven sticky strawberry student success summer sunday sunflower sunset sunshine super superman superstar
  support sweet sweetheart sweetie system taylor teacher teddybear temp temppass tennis tequila test tester testing
  testpass thomas thunder thursday tiger tigers tigger tinkerbell tintin tomcat toyota travis trinity tristan trouble
  trustno trustno1 tuesday turtle twilight twitter unicorn united user username vampire vanessa veronica victor
  victoria viking vincent virginia vision voyager walter warcraft warrior watermelon webmaster wednesday welcome
  whatever william willow wilson windows winner winston winter wizard wolf wolfgang wolves wonder world xavier yamaha
  yankees yellow zaq zxc zxcv zxcvb zxcvbn zxcvbnm
`)

/** Common as they stand. */
export const commonPasswords = words(`
  !@#$%^&* !@#$%^&*() !qaz2wsx !qaz@wsx 00000000 01020304 01234567 0123456789 09876543 0987654321 11111111 111111111
  1111111111 11112222 11223344 1122334455 112233445566 12121212 12312312 123123123 123123123a 123123qwe 123321123
  123321123321 12341234 1234123412 12344321 1234512345 123454321 12345678 123456781 123456788 123456789 1234567890
  12345678901 123456789012 1234567891 12345678910 123456789a 123456789abc 123456789m 123456789o 123456789q 123456789s
  123456789z 12345678a 12345678q 1234567a 1234567q 123456a1 123456aa 123456ab 123456abc 123456ok 123456qw 123456qwerty
  12345abc 12345qwe 12345qwert 12345qwerty 1234abcd 1234asdf 1234qwer 1234rewq 123654789 123698745 1236987450
  123abc123 123admin 123asd123 123hello 123password 123qaz123 123qwe123 123qwe123qwe 123qweasd 123qweasdzxc 12qw12qw
  12qwaszx 12qwerty 13131313 13243546 13579246 135792468 1357924680 135798642 14141414 14725836 147258369 147852369
  14789632 147896325 15151515 159357159 159357456 159753159753 159753456 15975346 159753852 16161616 1a2b3c4d
  1a2b3c4d5e 1a2s3d4f 1q1q1q1q 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz1qaz 1qaz2wsx 1qaz2wsx3edc 1qaz@wsx 1qazxsw2
  20002000 20012001 20102010 20202020 20212021 21212121 22222222 222222222 22446688 23232323 23456789 24681012
  24682468 25252525 25802580 25882588 2wsx3edc 31415926 314159265 3141592654 32103210 321321321 33333333 333333333
  3edc4rfv 44444444 45454545 456456456 456789123 4rfv5tgb 55555555 5555555555 55667788 56565656 5t6y7u8i 66666666
  666666666 67676767 6y7u8i9o 74108520 741852963 75395128 753951456 77777777 777777777 7777777777 78787878 78945612
  789456123 7894561230 789789789 86753090 87654321 876543210 88888888 888888888 8888888888 89898989 951753852 96385274
  963852741 987456321 98765432 987654321 9876543210 98989898 99887766 99999999 999999999 9999999999 a1234567 a12345678
  a123456789 a1a1a1a1 a1b2c3d4 a1b2c3d4e5 a1s2d3f4 aa112233 aa123456 aa123456789 aaaa1111 ab123456 abc12345 abc123456
  abc1234567 abc12345678 abc123abc abc123abc123 abc123xyz abcd1234 abcd12345 abcd123456 abcd4321 abcde123 abcde12345
  abcdef12 abcdef123456 abcdefg1 abcdefg123 abcdefgh1 acdcacdc admin123456 admin12345678 adminadmin alejandra
  alejandro alexander alexandra alexandre alexis12 allison1 americano angelina annabelle antonio1 aobo2010 apollo13
  aq1sw2de3 aquarius armstrong asd123456 asd123asd asdasd123 asdasdasd asdf1234 asdf12345 asdf4321 asdfasdf
  asdfgh123456 asdfghjkl123456 asdfjkl; asdfqwer asdfzxcv asdqwe123 assassin asshole1 asshole123 astonvilla atlantis
  avalanche azerty123456 azertyuiop babyboy1 babydoll babygirl babygirl1 babylove backspace badboy123 ballin23
  bangbang barbados barbara1 barcelona10 bargain1 bearbear beatles1 bestfriend bettyboop bismilah bismillah blackberry
  blackbird blackcat blackhawk blackjack blackman blackops blacksheep blackwhite blahblah blueberry bluebird bluesky1
  bollocks bond007! bradford brittany broncos1 brothers brownie1 budlight bulldog1 bulldogs bullshit businessbabe
  butterfly7 butthead cachorro camaroz28 cardinal cardinals carpediem cartoon1 cassandra catalina catherine challenger
  champion champions charlie1 cheater1 cheerleader cherokee chevelle chevrolet chickens chivas10 chrisbrown chrysler
  cinderella cjmasterinf clarinet claudia1 cleopatra cocacola coldplay college1 colorado columbia commander computer1
  concrete consumer contrasena contraseña correcthorsebatterystaple counterstrike courtney creative crossfire cutiepie
  cyberpunk d1lakiss darkangel darkknight darkness darkstar darthvader deathnote debbie12 defender deftones delpiero
  depeche1 deutschland devilmaycry dinosaur direction dirtbike dixieland doctorwho dodgeram dominic1 dominique
  doraemon doughboy download dragon12 dragonball dragonballz dreamer1 drowssap ducati999 earthlink eastside einstein
  elaine12 electric elephants emmanuel enterprise eternity everton1 evolution excalibur explorer fearless fernanda
  ferrari1 fireball firefighter firewall fisherman fktrcfylh flamengo flamingo fluffy12 football10 forgetit fortnite
  fortuna1 francesco francisco frankie1 freddie1 freepass friendship fuckfuck fuckme69 fuckoff1 fuckthis fuckyou!
  fuckyou1 fuckyou2 gangsta1 gangster gateway1 gemini12 generals genesis1 geronimo getmoney gfhjkm123 giovanni
  gladiator godisgood godislove godzilla goldeneye goodluck gorgeous grandmother graphics greatone green123 greenbay
  griffin1 guardian guillermo guinness gwerty123 happiness happyday hardcore hardrock harrypotter hawaii50 heaven77
  heineken hello123456 hellohello hellokitty helpless hercules highland hollister hollywood homepage homer123 honduras
  honeybee hotstuff hurricane huskers1 iamthebest icecream idontknow ihateyou iloveboys ilovegod ilovejesus ilovemom
  ilovemusic ilovemyself iloveyou! iloveyou1 iloveyou2 iloveyouso imissyou immortal inferno1 insanity internet1
  inuyasha invisible ironmaiden isabelle jackass1 jackjack jailbird jamesbond januaryy javascript jayhawks jeffrey1
  jellybean jermaine jerusalem jesus777 jesusislord jesuslives johndeere johnjohn jonathan jonathan1 juventus kakashka
  kamikaze katherine kathleen katrina1 kawasaki kcchiefs killbill killer12 kingkong kingston kissmyass kittycat
  knickers kobe2424 krishna1 kristina labrador lacrosse ladybird ladybug1 lalala123 lalalala lasvegas lavender
  leighton leonardo leonidas letmein! letmein1 letmein123 letmein2 lifehack lifeisgood lightning limewire linkinpark
  lionking lkjhgfdsa lolipop1 lollipop longhorn longhorns love1234 love4ever lovehurts loveless lovelife lovers12
  lovesong lucifer1 macintosh mamapapa manchesterunited manunited marianne marijuana marlboro1 marshall martinez
  maryjane masterkey maximus1 megadeth memories meowmeow mercury1 messenger metallic michael1 michaeljackson micheal1
  michigan midnight1 millions mississippi mitchell mnbvcxz1 moderator money123 montana1 moonlight morrison mortimer
  motherfucker motocross mushroom musicman mylove123 mynameis nebraska newcastle newlife1 newpassword newport1
  newyork1 nicaragua nightmare nightwish nopassword notebook number1! ohiostate olivia12 omega123 onelove1 opensesame
  operator p@$$w0rd p@ssw0rd p@ssw0rd1 p@ssword pa$$w0rd pa$$word padres12 pallmall panasonic paradise paramore
  pass1234 pass12345 passpass password! password1 password12 password123 passwordpassword patriots pavilion penelope
  penguins peterpan phantom1 philips1 photoshop pineapple pinkfloyd pinky123 pitbull1 playboy1 playstation poohbear
  poopoo12 popcorn1 portland positive postgres power123 predator presario president princesa princess1 private1
  professor property punisher punkrock q1q1q1q1 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qazqazqaz qazwsx12 qazwsx123456
  qazwsxed qazxsw123 qazxswedc quagmire quicksilver qwaszx12 qwe123456 qwe123qwe qwe123qwe123 qweasd123 qweasdzxc123
  qweqwe123 qweqweqwe qwer1234 qwer12345 qwerasdf qwerasdfzxcv qwerqwer qwert12345 qwert123456 qwerty12345
  qwerty123456 qwerty1234567890 qwertyasdf qwertyqwerty qwertzuiop rachelle radiohead rainbow6 rammstein rasengan
  rastafari raymond1 realmadrid redalert redneck1 redskins reynolds richmond rightnow rjhjktdf roadkill roadrunner
  rochelle rockandroll rocknroll rockstar1 rockyou1 rolltide romanova rooster1 roosters rosebud1 rosemary sabrina1
  salvador salvation samsung1 sanchez1 santiago saopaulo sasuke12 saturn12 savannah scarface scarlett schalke04
  schatz12 schumacher scorpio1 scotland1 seahawks seattle1 sebastian sephiroth serenity sergey12 sexybitch sexygirl
  sexything shadow12 shithead shopping showtime simpson1 sithlord skateboard skater12 skyline1 slamdunk slipknot1
  smallville snickers snowboard snowflake snowman1 socrates solution somebody sometimes sonyericsson soulmate
  southside spartans spiderman1 spongebob spongebob1 squirrel srilanka stallion stanley1 starcraft stargate starlight
  steaua86 sterling stewart1 stingray stonecold strength strikers stronger stubborn submarine sugarbaby sundance
  sunderland sunshine1 superman1 supernatural supersonic superuser surfing1 surprise sweetpea swimming swordfish
  sylvester symphony system32 tazmania teamomucho tecktonik telecaster telefon1 telephone terminal terminator test1234
  test12345 testtest thailand thebeatles thebest1 thegreat theking1 theman12 themaster themoon1 theone12 therock1
  thirteen thuglife thumper1 thunder1 thunderbird tiffany1 timberlake tinker12 titanic1 tokiohotel tomorrow tottenham
  trinidad triumph1 trooper1 trumpet1 tunafish tweety12 twister1 ultimate underground undertaker universal universe
  vacation valencia valentin valentina valentine valeria1 valhalla vanhalen vegas123 vegeta12 ventura1 verbatim
  veronika vfhbyf123 victory1 violetta vladimir vladislav volcom12 volkswagen wachtwoord wallpaper warhammer waterfall
  waterloo webmaster1 welcome! welcome1 welcome123 westham1 westlife westside westwood whatever1 whiskey1 whitesox
  wildcats williams windmill windows10 wireless wolverine wonderful wonderland woodland wordpass wrestler wrestling
  xbox360x xxxxxxxx yankees1 yosemite yourmom1 yugioh12 zachary1 zaq12wsx zaq1xsw2 zaq1zaq1 zaqwsxcde zeppelin
  zxasqw12 zxc123456 zxcasdqwe zxcv1234 zxcvbnm,./ zxcvbnm123456 zxczxczxc zzzzzzzz
`)

const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
  '01234567890123456789',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujmikolp',
  '1q2w3e4r5t6y7u8i9o0p',
]

/** The alphabet, the digits and the keys in their order, forwards and backwards. */
export const keyboardRuns: readonly string[] = rows.flatMap((row) => [row, [...row].reverse().join('')])
