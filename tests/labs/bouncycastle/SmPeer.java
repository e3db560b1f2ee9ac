import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.jsse.BCSSLParameters;
import org.bouncycastle.jsse.BCSSLSocket;
import org.bouncycastle.jsse.provider.BouncyCastleJsseProvider;

/**
 * A peer for RFC 8998 that shares no code with Tongsuo.
 *
 * client PORT TLS_PEM CA_CRT [BYTES]  connects to loopback, sends BYTES, wants them back, prints "protocol suite"
 * server TLS_PEM CA_CRT               prints "listening PORT" and sends back what each client sends
 */
public final class SmPeer {
    private static final String[] SUITES = {"TLS_SM4_GCM_SM3"};
    private static final int CHUNK = 16384;

    public static void main(String[] arguments) throws Exception {
        Security.insertProviderAt(new BouncyCastleProvider(), 1);
        Security.insertProviderAt(new BouncyCastleJsseProvider(), 2);
        if (arguments[0].equals("client")) {
            int bytes = arguments.length > 4 ? Integer.parseInt(arguments[4]) : 5;
            client(Integer.parseInt(arguments[1]), context(arguments[2], arguments[3]), bytes);
        } else {
            server(context(arguments[1], arguments[2]));
        }
    }

    private static void client(int port, SSLContext context, int bytes) throws Exception {
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port)) {
            restrict(socket);
            socket.startHandshake();
            byte[] sent = new byte[bytes];
            new SecureRandom().nextBytes(sent);
            Thread writer = new Thread(() -> send(socket, sent));
            writer.start();
            byte[] received = socket.getInputStream().readNBytes(bytes);
            writer.join();
            if (!java.util.Arrays.equals(sent, received)) {
                throw new IllegalStateException(received.length + " bytes came back of " + bytes + ", or others");
            }
            System.out.println(socket.getSession().getProtocol() + " " + socket.getSession().getCipherSuite());
        }
    }

    private static void send(Socket socket, byte[] bytes) {
        try {
            OutputStream output = socket.getOutputStream();
            for (int at = 0; at < bytes.length; at += CHUNK) {
                output.write(bytes, at, Math.min(CHUNK, bytes.length - at));
            }
            output.flush();
        } catch (java.io.IOException error) {
            System.err.println("write: " + error);
        }
    }

    private static void server(SSLContext context) throws Exception {
        try (SSLServerSocket listener =
                (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            listener.setNeedClientAuth(true);
            System.out.println("listening " + listener.getLocalPort());
            while (true) {
                SSLSocket socket = (SSLSocket) listener.accept();
                new Thread(() -> sendBack(socket)).start();
            }
        }
    }

    private static void sendBack(SSLSocket socket) {
        try (socket) {
            restrict(socket);
            socket.setNeedClientAuth(true);
            socket.startHandshake();
            System.out.println("served " + socket.getSession().getProtocol() + " " + socket.getSession().getCipherSuite());
            InputStream input = socket.getInputStream();
            byte[] buffer = new byte[CHUNK];
            int count = input.read(buffer);
            while (count > 0) {
                socket.getOutputStream().write(buffer, 0, count);
                count = input.read(buffer);
            }
        } catch (java.io.IOException error) {
            System.out.println("refused " + error);
        }
    }

    private static void restrict(SSLSocket socket) {
        BCSSLParameters parameters = ((BCSSLSocket) socket).getParameters();
        parameters.setProtocols(new String[] {"TLSv1.3"});
        parameters.setCipherSuites(SUITES);
        parameters.setNamedGroups(new String[] {"curveSM2"});
        parameters.setSignatureSchemes(new String[] {"sm2sig_sm3"});
        ((BCSSLSocket) socket).setParameters(parameters);
    }

    private static SSLContext context(String tlsPem, String caCrt) throws Exception {
        char[] password = "lab".toCharArray();
        KeyStore own = KeyStore.getInstance("PKCS12", "BC");
        own.load(null, null);
        own.setKeyEntry("own", key(tlsPem), password, certificates(tlsPem).toArray(new Certificate[0]));
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX", "BCJSSE");
        keys.init(own, password);

        KeyStore authorities = KeyStore.getInstance("PKCS12", "BC");
        authorities.load(null, null);
        for (Certificate authority : certificates(caCrt)) {
            authorities.setCertificateEntry("ca" + authorities.size(), authority);
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX", "BCJSSE");
        trust.init(authorities);

        SSLContext context = SSLContext.getInstance("TLSv1.3", "BCJSSE");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), new SecureRandom());
        return context;
    }

    private static PrivateKey key(String path) throws Exception {
        return KeyFactory.getInstance("EC", "BC").generatePrivate(new PKCS8EncodedKeySpec(blocks(path, "PRIVATE KEY").get(0)));
    }

    private static List<Certificate> certificates(String path) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509", "BC");
        List<Certificate> found = new ArrayList<>();
        for (byte[] der : blocks(path, "CERTIFICATE")) {
            found.add(factory.generateCertificate(new ByteArrayInputStream(der)));
        }
        return found;
    }

    private static List<byte[]> blocks(String path, String kind) throws Exception {
        String text = Files.readString(Path.of(path), StandardCharsets.US_ASCII);
        String begin = "-----BEGIN " + kind + "-----";
        List<byte[]> found = new ArrayList<>();
        int at = text.indexOf(begin);
        while (at >= 0) {
            int end = text.indexOf("-----END", at);
            found.add(Base64.getMimeDecoder().decode(text.substring(at + begin.length(), end)));
            at = text.indexOf(begin, end);
        }
        return found;
    }
}
