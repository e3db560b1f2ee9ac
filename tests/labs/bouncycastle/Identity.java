import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.Certificate;
import org.bouncycastle.tls.CertificateEntry;
import org.bouncycastle.tls.SignatureAndHashAlgorithm;
import org.bouncycastle.tls.SignatureScheme;
import org.bouncycastle.tls.TlsContext;
import org.bouncycastle.tls.TlsCredentialedSigner;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.crypto.TlsCertificate;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.bouncycastle.tls.crypto.impl.jcajce.JcaDefaultTlsCredentialedSigner;
import org.bouncycastle.tls.crypto.impl.jcajce.JcaTlsCrypto;
import org.bouncycastle.tls.crypto.impl.jcajce.JcaTlsCryptoProvider;

/** Our key and chain, and whom we trust; read from tls.pem and ca.crt. */
final class Identity {
    final JcaTlsCrypto crypto = new JcaTlsCryptoProvider().setProvider("BC").create(new SecureRandom());
    private final PrivateKey key;
    private final List<X509Certificate> chain;
    private final Set<TrustAnchor> anchors = new HashSet<>();

    Identity(String tlsPem, String caCrt) throws GeneralSecurityException, IOException {
        key = KeyFactory.getInstance("EC", "BC").generatePrivate(new PKCS8EncodedKeySpec(blocks(tlsPem, "PRIVATE KEY").get(0)));
        chain = certificates(blocks(tlsPem, "CERTIFICATE"));
        for (X509Certificate authority : certificates(blocks(caCrt, "CERTIFICATE"))) {
            anchors.add(new TrustAnchor(authority, null));
        }
    }

    static SignatureAndHashAlgorithm signature() {
        return SignatureScheme.getSignatureAndHashAlgorithm(SignatureScheme.sm2sig_sm3);
    }

    TlsCredentialedSigner credentials(TlsContext context, byte[] requestContext) throws IOException {
        CertificateEntry[] entries = new CertificateEntry[chain.size()];
        for (int at = 0; at < entries.length; at++) {
            entries[at] = new CertificateEntry(crypto.createCertificate(encoded(chain.get(at))), null);
        }
        Certificate certificate = new Certificate(requestContext, entries);
        return new JcaDefaultTlsCredentialedSigner(new TlsCryptoParameters(context), crypto, key, certificate, signature());
    }

    void check(Certificate peer) throws IOException {
        if (peer == null || peer.isEmpty()) {
            throw new TlsFatalAlert(AlertDescription.certificate_required);
        }
        try {
            List<byte[]> encoded = new ArrayList<>();
            for (TlsCertificate certificate : peer.getCertificateList()) {
                encoded.add(certificate.getEncoded());
            }
            PKIXParameters parameters = new PKIXParameters(anchors);
            parameters.setRevocationEnabled(false);
            CertificateFactory factory = CertificateFactory.getInstance("X.509", "BC");
            CertPathValidator.getInstance("PKIX", "BC").validate(factory.generateCertPath(certificates(encoded)), parameters);
        } catch (GeneralSecurityException error) {
            throw new TlsFatalAlert(AlertDescription.bad_certificate, error);
        }
    }

    private static byte[] encoded(X509Certificate certificate) throws IOException {
        try {
            return certificate.getEncoded();
        } catch (GeneralSecurityException error) {
            throw new IOException(error);
        }
    }

    private static List<X509Certificate> certificates(List<byte[]> encoded) throws GeneralSecurityException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509", "BC");
        List<X509Certificate> found = new ArrayList<>();
        for (byte[] der : encoded) {
            found.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
        }
        return found;
    }

    private static List<byte[]> blocks(String path, String kind) throws IOException {
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
