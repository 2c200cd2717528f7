package org.blockferry.drivers.nbd.wire;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.blockferry.engine.block.BlockException;

/**
 * X.509 credentials from PEM files in a folder, with the names that QEMU, nbdkit and libnbd use: {@code ca-cert.pem}, and
 * {@code client-cert.pem}/{@code client-key.pem} or {@code server-cert.pem}/{@code server-key.pem}. Keys are PKCS#8, or the
 * older PKCS#1 ({@code RSA PRIVATE KEY}) and SEC1 ({@code EC PRIVATE KEY}) forms; encrypted keys are refused. Immutable,
 * thread-safe.
 */
public final class TlsCredentials {
    private static final String CA = "ca-cert.pem";
    /** AlgorithmIdentifier rsaEncryption with NULL parameters, DER (RFC 8017, appendix C). */
    private static final byte[] RSA_ALGORITHM = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    /** OID id-ecPublicKey, DER (RFC 5480). */
    private static final byte[] EC_PUBLIC_KEY = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01};

    private final SSLContext context;
    private final boolean verifyPeer;

    private TlsCredentials(SSLContext context, boolean verifyPeer) {
        this.context = context;
        this.verifyPeer = verifyPeer;
    }

    /**
     * Credentials of a client: the authority of {@code folder} checks the server, and the client shows its own certificate
     * when one lies there.
     *
     * @param verifyPeer whether the server's certificate is checked at all
     * @throws BlockException NOT_FOUND if the authority is missing; INVALID_FORMAT naming the file that cannot be used
     */
    public static TlsCredentials client(Path folder, boolean verifyPeer) throws BlockException {
        KeyManager[] keys = Files.exists(folder.resolve("client-cert.pem"))
                ? keyManagers(folder.resolve("client-cert.pem"), folder.resolve("client-key.pem")) : new KeyManager[0];
        return new TlsCredentials(context(folder, keys, verifyPeer ? trust(folder.resolve(CA)) : trustAll()), verifyPeer);
    }

    /** Credentials of a client that knows the authorities of this JDK only and shows no certificate. */
    public static TlsCredentials systemClient(boolean verifyPeer) throws BlockException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, verifyPeer ? null : trustAll(), null);
            return new TlsCredentials(context, verifyPeer);
        } catch (GeneralSecurityException e) {
            throw BlockException.of(BlockException.Kind.UNSUPPORTED, "TLS", e.getMessage(), e);
        }
    }

    /**
     * Credentials of a server.
     *
     * @param verifyPeer whether clients must show a certificate of the folder's authority
     * @throws BlockException NOT_FOUND or INVALID_FORMAT naming the file
     */
    public static TlsCredentials server(Path folder, boolean verifyPeer) throws BlockException {
        KeyManager[] keys = keyManagers(folder.resolve("server-cert.pem"), folder.resolve("server-key.pem"));
        return new TlsCredentials(
                context(folder, keys, Files.exists(folder.resolve(CA)) || verifyPeer ? trust(folder.resolve(CA)) : null),
                verifyPeer);
    }

    /**
     * A new engine for the client's end; {@code host} is checked against the certificate unless empty or peers are not
     * verified.
     */
    public SSLEngine clientEngine(String host) {
        SSLEngine engine = host.isEmpty() ? context.createSSLEngine() : context.createSSLEngine(host, Nbd.DEFAULT_PORT);
        engine.setUseClientMode(true);
        if (verifyPeer && !host.isEmpty()) {
            var parameters = engine.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            engine.setSSLParameters(parameters);
        }
        return engine;
    }

    /** A new engine for the server's end. */
    public SSLEngine serverEngine() {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setNeedClientAuth(verifyPeer);
        return engine;
    }

    private static SSLContext context(Path folder, KeyManager[] keys, TrustManager[] trust) throws BlockException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, trust, new SecureRandom());
            return context;
        } catch (GeneralSecurityException e) {
            throw unusable(folder, e);
        }
    }

    private static KeyManager[] keyManagers(Path certificateFile, Path keyFile) throws BlockException {
        List<X509Certificate> chain = certificates(certificateFile);
        PrivateKey key = privateKey(keyFile, chain.get(0).getPublicKey().getAlgorithm());
        try {
            KeyStore store = emptyStore();
            store.setKeyEntry("key", key, new char[0], chain.toArray(new Certificate[0]));
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, new char[0]);
            return factory.getKeyManagers();
        } catch (GeneralSecurityException | IOException e) {
            throw unusable(keyFile, e);
        }
    }

    private static TrustManager[] trust(Path file) throws BlockException {
        List<X509Certificate> authorities = certificates(file);
        try {
            KeyStore store = emptyStore();
            for (int i = 0; i < authorities.size(); i++) {
                store.setCertificateEntry("ca" + i, authorities.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            return factory.getTrustManagers();
        } catch (GeneralSecurityException | IOException e) {
            throw unusable(file, e);
        }
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static List<X509Certificate> certificates(Path file) throws BlockException {
        byte[] text = bytes(file);
        try {
            List<X509Certificate> found = new ArrayList<>();
            for (Certificate each : CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(text))) {
                found.add((X509Certificate) each);
            }
            if (found.isEmpty()) {
                throw new GeneralSecurityException("it holds no certificate");
            }
            return found;
        } catch (GeneralSecurityException e) {
            throw unusable(file, e);
        }
    }

    private static PrivateKey privateKey(Path file, String algorithm) throws BlockException {
        String text = new String(bytes(file), StandardCharsets.US_ASCII);
        try {
            byte[] pkcs8;
            if (text.contains("-----BEGIN PRIVATE KEY-----")) {
                pkcs8 = pem(text, "PRIVATE KEY");
            } else if (text.contains("-----BEGIN RSA PRIVATE KEY-----") && !text.contains("ENCRYPTED")) {
                pkcs8 = wrapKey(RSA_ALGORITHM, pem(text, "RSA PRIVATE KEY"));
            } else if (text.contains("-----BEGIN EC PRIVATE KEY-----") && !text.contains("ENCRYPTED")) {
                byte[] sec1 = pem(text, "EC PRIVATE KEY");
                pkcs8 = wrapKey(der(0x30, EC_PUBLIC_KEY, namedCurve(sec1)), sec1);
            } else {
                throw new GeneralSecurityException("it holds no private key, or an encrypted one");
            }
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        } catch (GeneralSecurityException | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw unusable(file, e);
        }
    }

    private static byte[] pem(String text, String what) throws GeneralSecurityException {
        String begin = "-----BEGIN " + what + "-----";
        int start = text.indexOf(begin) + begin.length();
        int end = text.indexOf("-----END " + what + "-----", start);
        if (end < 0) {
            throw new GeneralSecurityException("its end line is missing");
        }
        return Base64.getMimeDecoder().decode(text.substring(start, end));
    }

    /** PrivateKeyInfo (RFC 5208): version 0, the algorithm, and the older form of the key as an octet string. */
    private static byte[] wrapKey(byte[] algorithm, byte[] key) {
        return der(0x30, new byte[] {0x02, 0x01, 0x00}, algorithm, der(0x04, key));
    }

    /** The OID in field [0] of an ECPrivateKey (RFC 5915): version, private key, [0] parameters. */
    private static byte[] namedCurve(byte[] sec1) throws GeneralSecurityException {
        int[] at = {0};
        enter(sec1, at);
        skip(sec1, at);
        skip(sec1, at);
        if (at[0] >= sec1.length || sec1[at[0]] != (byte) 0xa0) {
            throw new GeneralSecurityException("its curve is not named");
        }
        enter(sec1, at);
        int start = at[0];
        skip(sec1, at);
        return Arrays.copyOfRange(sec1, start, at[0]);
    }

    private static int enter(byte[] der, int[] at) {
        int length = der[at[0] + 1] & 0xff;
        at[0] += 2;
        if (length >= 0x80) {
            int count = length & 0x7f;
            length = 0;
            for (int i = 0; i < count; i++) {
                length = length << 8 | der[at[0]++] & 0xff;
            }
        }
        return length;
    }

    private static void skip(byte[] der, int[] at) {
        int length = enter(der, at);
        at[0] += length;
    }

    private static byte[] der(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(length + 6);
        out.write(tag);
        if (length < 0x80) {
            out.write(length);
        } else if (length < 0x100) {
            out.write(0x81);
            out.write(length);
        } else {
            out.write(0x82);
            out.write(length >> 8);
            out.write(length);
        }
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static byte[] bytes(Path file) throws BlockException {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw BlockException.of(BlockException.Kind.NOT_FOUND, file.toString(), "no such file; TLS needs it", e);
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }

    private static BlockException unusable(Path file, Exception e) {
        return BlockException.of(BlockException.Kind.INVALID_FORMAT, file.toString(), "cannot be used for TLS: "
                + e.getMessage(), e);
    }

    /** For {@code tls-verify-peer=0}: the user asked for encryption without knowing who is at the other end. */
    private static TrustManager[] trustAll() {
        return new TrustManager[] {new X509ExtendedTrustManager() {
            @Override
            public void checkClientTrusted(X509Certificate[] chain, String type) {
            }

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String type) {
            }

            @Override
            public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {
            }

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
            }

            @Override
            public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
            }

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
            }

            @Override
            public X509Certificate[] getAcceptedIssuers() {
                return new X509Certificate[0];
            }
        }};
    }
}
