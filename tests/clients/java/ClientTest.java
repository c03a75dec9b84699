// The official Java client and its JDBC driver against the local Rockset. The package is
// the driver's own, for a connection can only be made there without a query.
package com.rockset.jdbc;

import com.rockset.client.ApiException;
import com.rockset.client.RocksetClient;
import com.rockset.client.model.AddDocumentsRequest;
import com.rockset.client.model.AddDocumentsResponse;
import com.rockset.client.model.Collection;
import com.rockset.client.model.CreateCollectionRequest;
import com.rockset.client.model.CreateIntegrationRequest;
import com.rockset.client.model.CreateWorkspaceRequest;
import com.rockset.client.model.DocumentStatus;
import com.rockset.client.model.ErrorModel;
import com.rockset.client.model.Integration;
import com.rockset.client.model.KafkaIntegration;
import com.rockset.client.model.QueryParameter;
import com.rockset.client.model.QueryRequest;
import com.rockset.client.model.QueryRequestSql;
import com.rockset.client.model.QueryResponse;
import com.rockset.client.model.SourceFileUpload;
import com.rockset.client.model.Workspace;
import java.net.URI;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import okhttp3.MediaType;
import okhttp3.MultipartBody;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

public final class ClientTest {
  private static final String URL = System.getenv("ROCKSET_HTTP");
  private static final String KEY = System.getenv("ROCKSET_API_KEY");

  private final RocksetClient client = new RocksetClient(KEY, URL);
  private final String name = "t" + UUID.randomUUID().toString().replace("-", "");

  private interface Test {
    void run() throws Exception;
  }

  public static void main(String[] arguments) {
    Map<String, Test> tests = new LinkedHashMap<>();
    tests.put("organization", () -> new ClientTest().organization());
    tests.put("workspaces", () -> new ClientTest().workspaces());
    tests.put("collections", () -> new ClientTest().collections());
    tests.put("documents", () -> new ClientTest().documents());
    tests.put("integrations", () -> new ClientTest().integrations());
    tests.put("a file is uploaded", () -> new ClientTest().upload());
    tests.put("errors", () -> new ClientTest().errors());
    tests.put("the JDBC driver lists schemas and tables", () -> new ClientTest().tables());
    tests.put("queries", () -> new ClientTest().queries());
    tests.put("the JDBC driver connects by a query", () -> new ClientTest().connects());
    tests.put("without the engine, it says why not", () -> new ClientTest().connectsNot());
    int failed = 0;
    for (Map.Entry<String, Test> test : tests.entrySet()) {
      try {
        test.getValue().run();
        System.out.println("ok: " + test.getKey());
      } catch (Throwable wrong) {
        failed += 1;
        System.out.println("FAILED: " + test.getKey());
        wrong.printStackTrace(System.out);
      }
    }
    System.out.println("Java: " + (tests.size() - failed) + " of " + tests.size() + " passed");
    System.exit(failed == 0 ? 0 : 1);
  }

  private static void equal(Object found, Object expected) {
    if (!String.valueOf(found).equals(String.valueOf(expected))) {
      throw new AssertionError("found " + found + " and not " + expected);
    }
  }

  private static void holds(boolean condition, Object told) {
    if (!condition) {
      throw new AssertionError(String.valueOf(told));
    }
  }

  private Collection collection() throws Exception {
    client.workspaces.create(new CreateWorkspaceRequest().name(name));
    CreateCollectionRequest request = new CreateCollectionRequest().name("c");
    return client.collections.create(name, request).getData();
  }

  private Collection ready() throws Exception {
    collection();
    for (int i = 0; i < 500; i++) {
      Collection found = client.collections.get(name, "c").getData();
      if (found.getStatus() == Collection.StatusEnum.READY) {
        return found;
      }
      Thread.sleep(20);
    }
    throw new AssertionError("it never was READY");
  }

  private void organization() throws Exception {
    equal(client.organizations.get().getData().getId(), "local");
  }

  private void workspaces() throws Exception {
    Workspace created = client.workspaces.create(new CreateWorkspaceRequest().name(name)).getData();
    equal(created.getName(), name);
    equal(created.getCollectionCount(), 0);
    holds(client.workspaces.list().getData().contains(created), "it is not listed");
    equal(client.workspaces.get(name).getData(), created);
    client.workspaces.delete(name);
  }

  private void collections() throws Exception {
    Collection created = collection();
    equal(created.getStatus(), Collection.StatusEnum.CREATED);
    equal(created.getSources(), new ArrayList<>());
    equal(client.collections.delete(name, "c").getData().getName(), "c");
  }

  private void documents() throws Exception {
    ready();
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("_id", "1");
    document.put("name", "foo");
    AddDocumentsRequest request = new AddDocumentsRequest().data(List.of(document, document));
    AddDocumentsResponse added = client.documents.add(name, "c", request);
    equal(added.getData().get(0).getStatus(), DocumentStatus.StatusEnum.ADDED);
    equal(added.getData().get(1).getStatus(), DocumentStatus.StatusEnum.REPLACED);
    equal(client.collections.get(name, "c").getData().getStats().getDocCount(), 1);
  }

  private void integrations() throws Exception {
    KafkaIntegration kafka = new KafkaIntegration().addKafkaTopicNamesItem("t");
    CreateIntegrationRequest request = new CreateIntegrationRequest().name(name).kafka(kafka);
    Integration created = client.integrations.create(request).getData();
    holds(created.getKafka().getConnectionString().startsWith("kafka"), created);
    equal(created.getKafka().getSourceStatusByTopic().keySet(), "[t]");
    equal(client.integrations.get(name).getData().getName(), name);
    client.integrations.delete(name);
  }

  /** As the tests of the JDBC driver fill their collections. */
  private void upload() throws Exception {
    ready();
    byte[] file = "{\"name\": \"x\",\n \"nested\": {\"a\": 1}\n}\n".getBytes("UTF-8");
    RequestBody content = RequestBody.create(file, MediaType.parse("text/json; charset=utf-8"));
    RequestBody body =
        new MultipartBody.Builder()
            .setType(MultipartBody.FORM)
            .addFormDataPart("file", "basic.json", content)
            .addFormDataPart("size", String.valueOf(file.length))
            .build();
    String path = "/v1/orgs/self/ws/" + name + "/collections/c/uploads";
    Request request =
        new Request.Builder()
            .url(URL + path)
            .addHeader("Authorization", "ApiKey " + KEY)
            .post(body)
            .build();
    try (Response response = new OkHttpClient().newCall(request).execute()) {
      equal(response.code(), 200);
    }
    Collection found = client.collections.get(name, "c").getData();
    SourceFileUpload upload = found.getSources().get(0).getFileUpload();
    equal(upload.getFileName(), "basic.json");
    equal(upload.getFileSize(), file.length);
    equal(found.getStats().getDocCount(), 1);
  }

  private void errors() throws Exception {
    try {
      client.collections.get("commons", name);
    } catch (ApiException error) {
      equal(error.getCode(), 404);
      equal(error.getErrorModel().getType(), ErrorModel.TypeEnum.NOTFOUND);
      return;
    }
    throw new AssertionError("it was found");
  }

  private Properties properties() {
    Properties properties = new Properties();
    properties.setProperty("apiKey", KEY);
    properties.setProperty("apiServer", URL);
    return properties;
  }

  private void tables() throws Exception {
    collection();
    RocksetConnection connection = new RocksetConnection(new URI("jdbc:rockset://"), properties());
    equal(column(connection.getMetaData().getTables("rockset", name, null, null), "TABLE_NAME"), "[c]");
    List<String> schemas = column(connection.getMetaData().getSchemas(), "TABLE_SCHEM");
    holds(schemas.contains(name), schemas);
  }

  private static List<String> column(ResultSet rows, String column) throws SQLException {
    List<String> found = new ArrayList<>();
    while (rows.next()) {
      found.add(rows.getString(column));
    }
    return found;
  }

  /** In a build that runs queries, by which it connects. */
  private void connects() throws Exception {
    Class.forName("com.rockset.jdbc.RocksetDriver");
    Properties properties = properties();
    properties.setProperty("apiServer", System.getenv("ROCKSET_QUERIES"));
    try (Connection connection = DriverManager.getConnection("jdbc:rockset://", properties)) {
      String sql = "SELECT n, DATE '2018-05-26' AS d FROM UNNEST([1, 2, 3] AS n) WHERE n > ? ORDER BY n";
      PreparedStatement statement = connection.prepareStatement(sql);
      statement.setInt(1, 1);
      ResultSet rows = statement.executeQuery();
      equal(rows.next(), true);
      equal(rows.getLong("n"), 2);
      equal(rows.getDate("d"), "2018-05-26");
      equal(column(rows, "n"), "[3.0]");
    }
  }

  /** Without the engine, it says that queries are what it lacks. */
  private void connectsNot() throws Exception {
    Class.forName("com.rockset.jdbc.RocksetDriver");
    try {
      DriverManager.getConnection("jdbc:rockset://", properties()).close();
    } catch (SQLException error) {
      String told = String.valueOf(error) + error.getCause();
      holds(told.contains("feature `engine`"), told);
      return;
    }
    throw new AssertionError("it connected");
  }

  private void queries() throws Exception {
    RocksetClient asking = new RocksetClient(KEY, System.getenv("ROCKSET_QUERIES"));
    QueryRequestSql sql = new QueryRequestSql().query("SELECT :x AS x");
    sql.addParametersItem(new QueryParameter().name("x").type("int").value("12"));
    QueryResponse answer = asking.queries.query(new QueryRequest().sql(sql));
    // The client reads every number as a float.
    equal(((Map<?, ?>) answer.getResults().get(0)).get("x"), 12.0);
    equal(answer.getColumnFields().get(0).getName(), "x");
  }
}
