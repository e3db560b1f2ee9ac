import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.SecureRandom;
import java.security.Security;
import java.util.Arrays;
import java.util.Vector;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.Certificate;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.DefaultTlsClient;
import org.bouncycastle.tls.DefaultTlsServer;
import org.bouncycastle.tls.NamedGroup;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.TlsAuthentication;
import org.bouncycastle.tls.TlsClientProtocol;
import org.bouncycastle.tls.TlsContext;
import org.bouncycastle.tls.TlsCredentials;
import org.bouncycastle.tls.TlsServerCertificate;
import org.bouncycastle.tls.TlsServerProtocol;
import org.bouncycastle.tls.TlsUtils;

/**
 * A peer for RFC 8998 that shares no code with Tongsuo. It offers TLS_SM4_GCM_SM3, curveSM2 and sm2sig_sm3, nothing else.
 *
 * client PORT BYTES TLS_PEM CA_CRT  connects to loopback, sends BYTES, wants them back, prints "protocol suite"
 * server TLS_PEM CA_CRT             prints "listening PORT" and sends back what each client sends
 *
 * The low-level interface: the JSSE provider's key managers find no SM2 credentials for TLS 1.3.
 */
public final class SmPeer {
    private static final int CHUNK = 16384;
    private static final int[] SUITES = {CipherSuite.TLS_SM4_GCM_SM3};

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        int files = arguments.length - 2;
        Identity identity = new Identity(arguments[files], arguments[files + 1]);
        if (arguments[0].equals("client")) {
            client(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]), identity);
        } else {
            server(identity);
        }
    }

    private static void client(int port, int bytes, Identity identity) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            TlsClientProtocol protocol = new TlsClientProtocol(socket.getInputStream(), socket.getOutputStream());
            Client client = new Client(identity);
            protocol.connect(client);
            byte[] sent = new byte[bytes];
            new SecureRandom().nextBytes(sent);
            Thread writer = new Thread(() -> send(protocol.getOutputStream(), sent));
            writer.start();
            byte[] received = protocol.getInputStream().readNBytes(bytes);
            writer.join();
            if (!Arrays.equals(sent, received)) {
                throw new IllegalStateException(received.length + " bytes came back of " + bytes + ", or others");
            }
            protocol.close();
            System.out.println(client.negotiated());
        }
    }

    private static void send(OutputStream output, byte[] bytes) {
        try {
            for (int at = 0; at < bytes.length; at += CHUNK) {
                output.write(bytes, at, Math.min(CHUNK, bytes.length - at));
            }
            output.flush();
        } catch (IOException error) {
            System.err.println("write: " + error);
        }
    }

    private static void server(Identity identity) throws IOException {
        try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            System.out.println("listening " + listener.getLocalPort());
            while (true) {
                Socket socket = listener.accept();
                new Thread(() -> sendBack(socket, identity)).start();
            }
        }
    }

    private static void sendBack(Socket accepted, Identity identity) {
        try (Socket socket = accepted) {
            TlsServerProtocol protocol = new TlsServerProtocol(socket.getInputStream(), socket.getOutputStream());
            Server server = new Server(identity);
            protocol.accept(server);
            System.out.println("served " + server.negotiated());
            InputStream input = protocol.getInputStream();
            byte[] buffer = new byte[CHUNK];
            int count = input.read(buffer);
            while (count > 0) {
                protocol.getOutputStream().write(buffer, 0, count);
                count = input.read(buffer);
            }
            protocol.close();
        } catch (IOException error) {
            System.out.println("refused " + error);
        }
    }

    private static String negotiated(TlsContext context) {
        int suite = context.getSecurityParametersConnection().getCipherSuite();
        String name = suite == CipherSuite.TLS_SM4_GCM_SM3 ? "TLS_SM4_GCM_SM3" : Integer.toHexString(suite);
        boolean latest = context.getServerVersion().equals(ProtocolVersion.TLSv13);
        return (latest ? "TLSv1.3 " : context.getServerVersion() + " ") + name;
    }

    private static <T> Vector<T> only(T one) {
        Vector<T> list = new Vector<>();
        list.add(one);
        return list;
    }

    private static final class Client extends DefaultTlsClient {
        private final Identity identity;

        Client(Identity identity) {
            super(identity.crypto);
            this.identity = identity;
        }

        String negotiated() {
            return SmPeer.negotiated(context);
        }

        @Override
        protected ProtocolVersion[] getSupportedVersions() {
            return ProtocolVersion.TLSv13.only();
        }

        @Override
        protected int[] getSupportedCipherSuites() {
            return SUITES.clone();
        }

        @Override
        @SuppressWarnings("rawtypes")
        protected Vector getSupportedGroups(Vector roles) {
            return only(NamedGroup.curveSM2);
        }

        @Override
        @SuppressWarnings("rawtypes")
        public Vector getEarlyKeyShareGroups() {
            return only(NamedGroup.curveSM2);
        }

        @Override
        @SuppressWarnings("rawtypes")
        protected Vector getSupportedSignatureAlgorithms() {
            return only(Identity.signature());
        }

        @Override
        public TlsAuthentication getAuthentication() {
            return new TlsAuthentication() {
                @Override
                public void notifyServerCertificate(TlsServerCertificate certificate) throws IOException {
                    identity.check(certificate.getCertificate());
                }

                @Override
                public TlsCredentials getClientCredentials(CertificateRequest request) throws IOException {
                    return identity.credentials(context, request.getCertificateRequestContext());
                }
            };
        }
    }

    private static final class Server extends DefaultTlsServer {
        private final Identity identity;

        Server(Identity identity) {
            super(identity.crypto);
            this.identity = identity;
        }

        String negotiated() {
            return SmPeer.negotiated(context);
        }

        @Override
        protected ProtocolVersion[] getSupportedVersions() {
            return ProtocolVersion.TLSv13.only();
        }

        @Override
        protected int[] getSupportedCipherSuites() {
            return SUITES.clone();
        }

        @Override
        public int[] getSupportedGroups() {
            return new int[] {NamedGroup.curveSM2};
        }

        @Override
        public TlsCredentials getCredentials() throws IOException {
            return identity.credentials(context, TlsUtils.EMPTY_BYTES);
        }

        @Override
        public CertificateRequest getCertificateRequest() throws IOException {
            return new CertificateRequest(TlsUtils.EMPTY_BYTES, only(Identity.signature()), null, null);
        }

        @Override
        public void notifyClientCertificate(Certificate certificate) throws IOException {
            identity.check(certificate);
        }
    }
}
