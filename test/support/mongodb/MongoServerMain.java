// A server that speaks MongoDB's protocol, for tests: mongo-java-server with the few answers that our client's driver asks for.
//
//   java -cp JARS MongoServerMain.java PORT [--folder DIR] [--standalone]
//
// PORT 0 takes a free one. The first line of its output is the port. With a folder the data outlives the process; without, it is in
// memory. It calls itself a replica set of one member, unless told to stand alone. It ends when its input ends: no orphan stays behind.

import de.bwaldvogel.mongo.MongoBackend;
import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.AbstractUniqueIndex;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.backend.memory.MemoryDatabase;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.h2.mvstore.MVStore;

public final class MongoServerMain {
  /** The driver wants 9 or more. 13 is MongoDB 5.0, the first that takes dots and dollars in names of fields. */
  private static final MongoVersion VERSION = new MongoVersion() {
    public List<Integer> getVersionArray() {
      return List.of(5, 0, 0);
    }

    public int getWireVersion() {
      return 13;
    }
  };

  private static final Set<String> WRITES = Set.of("insert", "update", "delete", "findAndModify", "create", "drop",
      "createIndexes", "dropDatabase");

  private static final Set<String> CHANGES = Set.of("insert", "update", "delete");

  private static volatile String address = "";

  public static void main(String[] arguments) throws Exception {
    List<String> flags = Arrays.asList(arguments);
    int folder = flags.indexOf("--folder");
    boolean replicaSet = !flags.contains("--standalone");
    MVStore store = folder < 0 ? null
        : new MVStore.Builder().fileName(Path.of(flags.get(folder + 1), "mongo.mv").toString()).autoCommitDisabled().open();
    MongoBackend backend = store == null ? inMemory() : onDisk(store);
    backend.version(VERSION);
    MongoServer server = new MongoServer(answering(backend, store, replicaSet));
    server.bind("127.0.0.1", Integer.parseInt(flags.get(0)));
    InetSocketAddress bound = server.getLocalAddress();
    address = "127.0.0.1:" + bound.getPort();
    System.out.println(bound.getPort());
    while (System.in.read() >= 0) {
      // Nothing is said to it: it only notices the end.
    }
    server.shutdownNow();
    System.exit(0);
  }

  private static MongoBackend inMemory() {
    return new MemoryBackend() {
      @Override
      public MemoryDatabase openOrCreateDatabase(String name) {
        return new MemoryDatabase(name, getCursorRegistry()) {
          @Override
          protected Index<Integer> openOrCreateUniqueIndex(String collection, String index, List<IndexKey> keys, boolean sparse) {
            return new UniqueIndex<>(index, keys, sparse, new ConcurrentHashMap<>());
          }
        };
      }
    };
  }

  private static MongoBackend onDisk(MVStore store) {
    return new H2Backend(store) {
      @Override
      protected MongoDatabase openOrCreateDatabase(String name) {
        return new H2Database(name, store, getCursorRegistry()) {
          @Override
          protected Index<Object> openOrCreateUniqueIndex(String collection, String index, List<IndexKey> keys, boolean sparse) {
            return new UniqueIndex<>(index, keys, sparse, store.openMap("unique " + name + " " + collection + " " + index));
          }
        };
      }
    };
  }

  /** The server's own serves only queries for its fields and nothing else, and looks at every document for a guarded one. */
  private static final class UniqueIndex<P> extends AbstractUniqueIndex<P> {
    private final ConcurrentMap<KeyValue, P> positions;

    UniqueIndex(String name, List<IndexKey> keys, boolean sparse, ConcurrentMap<KeyValue, P> positions) {
      super(name, keys, sparse);
      this.positions = positions;
    }

    @Override
    public synchronized boolean canHandle(Document query) {
      Document own = new Document();
      for (String key : keys()) {
        if (query.containsKey(key)) own.put(key, query.get(key));
      }
      return super.canHandle(own);
    }

    @Override
    protected P removeDocument(KeyValue key) {
      return positions.remove(key);
    }

    @Override
    protected boolean putKeyPosition(KeyValue key, P position) {
      return positions.putIfAbsent(key, position) == null;
    }

    @Override
    protected Iterable<Map.Entry<KeyValue, P>> getIterable() {
      return positions.entrySet();
    }

    @Override
    protected P getPosition(KeyValue key) {
      return positions.get(key);
    }

    @Override
    public long getCount() {
      return positions.size();
    }

    @Override
    public boolean isEmpty() {
      return positions.isEmpty();
    }

    @Override
    public long getDataSize() {
      return getCount();
    }

    @Override
    public void drop() {
      positions.clear();
    }
  }

  private static MongoBackend answering(MongoBackend backend, MVStore store, boolean replicaSet) {
    return (MongoBackend) Proxy.newProxyInstance(MongoBackend.class.getClassLoader(), new Class<?>[] {MongoBackend.class},
        (proxy, method, values) -> {
          String call = method.getName();
          if (call.equals("handleCommand") && "ismaster".equalsIgnoreCase((String) values[2])) {
            return hello(backend, replicaSet);
          }
          if (!call.equals("handleMessage")) return invoke(backend, method, values);
          Document command = ((MongoMessage) values[0]).getDocument();
          String name = command.keySet().iterator().next();
          if (name.equalsIgnoreCase("hello") || name.equalsIgnoreCase("ismaster")) return hello(backend, replicaSet);
          if (CHANGES.contains(name) && !isDurable(command)) {
            return failure(100, "UnsatisfiableWriteConcern", "the tests want every write with w: majority and j: true");
          }
          long began = System.nanoTime();
          Object answer = invoke(backend, method, values);
          // What was acknowledged is there after the process was killed.
          if (store != null && WRITES.contains(name)) store.commit();
          return tookTooLong(command, System.nanoTime() - began) ? tooLate() : answer;
        });
  }

  private static Object invoke(MongoBackend backend, Method method, Object[] values) throws Throwable {
    try {
      return method.invoke(backend, values);
    } catch (InvocationTargetException failure) {
      throw failure.getCause();
    }
  }

  private static Document hello(MongoBackend backend, boolean replicaSet) {
    Document hello = backend.handleCommand(null, "admin", "ismaster", new Document());
    hello.put("isWritablePrimary", true);
    if (replicaSet) {
      hello.put("setName", "parley");
      hello.put("setVersion", 1);
      hello.put("hosts", List.of(address));
      hello.put("primary", address);
      hello.put("me", address);
      hello.put("secondary", false);
    }
    return hello;
  }

  /** mongo-java-server never stops a query. So it is told at its end that it took too long. */
  private static boolean tookTooLong(Document command, long nanoseconds) {
    return command.get("maxTimeMS") instanceof Number limit && limit.doubleValue() > 0
        && nanoseconds > limit.doubleValue() * 1e6;
  }

  private static Document tooLate() {
    return failure(50, "MaxTimeMSExpired", "operation exceeded time limit");
  }

  /** On one member it makes no difference, so whoever forgets it is told. */
  private static boolean isDurable(Document command) {
    return command.get("writeConcern") instanceof Document concern && "majority".equals(concern.get("w"))
        && Boolean.TRUE.equals(concern.get("j"));
  }

  private static Document failure(int code, String name, String message) {
    Document answer = new Document("ok", 0.0);
    answer.put("errmsg", message);
    answer.put("code", code);
    answer.put("codeName", name);
    return answer;
  }
}
