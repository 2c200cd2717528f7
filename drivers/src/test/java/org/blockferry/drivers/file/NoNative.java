package org.blockferry.drivers.file;

import java.lang.reflect.Proxy;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.drivers.posix.NativeAccess;

/** A system without native calls. */
final class NoNative {
    private static final NativeAccess REFUSING = (NativeAccess) Proxy.newProxyInstance(NativeAccess.class.getClassLoader(),
            new Class<?>[] {NativeAccess.class}, (self, method, arguments) -> answer(method.getReturnType()));

    private NoNative() {
    }

    static NativeAccess get() {
        return REFUSING;
    }

    private static Object answer(Class<?> type) {
        if (type == String.class) {
            return "refused";
        }
        return type == long.class ? (Object) (long) -Errno.ENOSYS : (Object) (-Errno.ENOSYS);
    }
}
