// The plain page on which the first owner's account is made. It needs nothing from elsewhere; the token in its address comes
// after the `#`, which browsers keep to themselves.

import { createHash } from 'node:crypto'
import { allowMethods } from './problem.ts'
import type { Route } from './server.ts'

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 26rem; margin: 10vh auto; padding: 0 1.25rem }
h1 { font-size: 1.5rem }
label { display: block; margin-top: 1rem; font-weight: 600 }
input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit }
button { margin-top: 1.5rem; padding: .5rem 1.25rem; font: inherit }
.hint { margin: .25rem 0 0; font-size: .875rem; opacity: .8 }
.error { margin: .25rem 0 0; color: light-dark(#a40000, #ff8a80) }
.error:empty { display: none }
[aria-invalid=true] { outline: 2px solid light-dark(#a40000, #ff8a80) }`

const script = `
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? ''
history.replaceState(null, '', location.pathname)
const form = document.querySelector('form')
const button = form.querySelector('button')
const field = (name) => form.elements.namedItem(name)
const say = (name, text) => {
  document.getElementById(name + '-error').textContent = text
  if (name !== 'form') field(name).setAttribute('aria-invalid', String(text !== ''))
}
if (token === '') {
  say('form', 'This address has no token. Take the whole link from where the server was started.')
  button.disabled = true
}
const mutation = 'mutation ($input: ClaimOwnerInput!) { claimOwner(input: $input) { __typename '
  + '... on ClaimOwnerPayload { user { username } } ... on Error { detail field } } }'
const claim = async (username, password) => {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' },
    body: JSON.stringify({ query: mutation, variables: { input: { token, username, password } } }),
  })
  const { data, errors } = await response.json()
  return data?.claimOwner ?? { detail: errors?.[0]?.message ?? 'Something went wrong on the server. Try again.' }
}
form.addEventListener('submit', async (event) => {
  event.preventDefault()
  for (const name of ['username', 'password', 'repeated', 'form']) say(name, '')
  const password = field('password').value
  if (password !== field('repeated').value) {
    say('repeated', 'The two passwords differ. Type the same one twice.')
    return field('repeated').focus()
  }
  button.disabled = true
  try {
    const { user, detail, field: wrong } = await claim(field('username').value, password)
    if (user) {
      document.getElementById('name').textContent = user.username
      document.querySelector('h1').textContent = 'This server is yours'
      document.getElementById('done').hidden = false
      form.hidden = true
      return document.getElementById('done').focus()
    }
    const place = wrong === 'username' || wrong === 'password' ? wrong : 'form'
    say(place, detail)
    if (place !== 'form') field(place).focus()
  } catch {
    say('form', 'The server cannot be reached. Look whether it runs, then try again.')
  }
  button.disabled = false
})`

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Make this server yours · Parley</title>
<style>${style}</style>
<main>
<h1>Make this server yours</h1>
<noscript><p class="error">This page needs JavaScript. Without it, use <code>parley user create NAME --role owner</code>.</p></noscript>
<form novalidate>
<p>Nobody owns this server yet. The account that you make here may do everything on it.</p>
<label for="username">Username</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus aria-describedby="username-hint username-error">
<p class="hint" id="username-hint">2 to 32 letters, digits, and _ . -</p>
<p class="error" id="username-error" role="alert"></p>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="new-password" aria-describedby="password-hint password-error">
<p class="hint" id="password-hint">At least 8 characters. A few words are easy to remember.</p>
<p class="error" id="password-error" role="alert"></p>
<label for="repeated">The same password again</label>
<input id="repeated" name="repeated" type="password" autocomplete="new-password" aria-describedby="repeated-error">
<p class="error" id="repeated-error" role="alert"></p>
<button>Make the account</button>
<p class="error" id="form-error" role="alert"></p>
</form>
<section id="done" tabindex="-1" hidden>
<p>The account <strong id="name"></strong> is made, and owns this server.</p>
<p><a href="/">Go to Parley</a></p>
</section>
</main>
<script>${script}</script>
</html>
`

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Only what stands in the page itself runs, and it talks to this server only. */
const policy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Answers `/claim`. */
export const claimPage: Route = (request, response, url) => {
  if (url.pathname !== '/claim') return false
  if (!allowMethods(request, response, ['GET', 'HEAD'])) return true
  response
    .writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-length': Buffer.byteLength(page),
      'cache-control': 'no-store',
      'content-security-policy': policy,
    })
    .end(request.method === 'HEAD' ? undefined : page)
  return true
}
