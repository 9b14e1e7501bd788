import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Uploads a file with HttpClient over HTTP/2, and prints what came back, a line for each upload:
 * java Upload.java URL FILE CERTIFICATE COUNT SECONDS
 */
public class Upload {
    public static void main(String[] args) throws Exception {
        byte[] body = Files.readAllBytes(Path.of(args[1]));
        HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_2)
            .followRedirects(HttpClient.Redirect.ALWAYS)
            .sslContext(trusting(Path.of(args[2])))
            .build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(args[0]))
            .timeout(Duration.ofSeconds(Long.parseLong(args[4])))
            .POST(BodyPublishers.ofByteArray(body))
            .build();
        for (int i = 0; i < Integer.parseInt(args[3]); i++) {
            try {
                var response = client.send(request, BodyHandlers.ofString());
                System.out.println(response.statusCode() + " " + response.body());
            } catch (Exception error) {
                System.out.println("lost " + error);
            }
        }
        System.exit(0);
    }

    private static SSLContext trusting(Path certificate) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var in = Files.newInputStream(certificate)) {
            var read = CertificateFactory.getInstance("X.509").generateCertificate(in);
            store.setCertificateEntry("server", read);
        }
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }
}
