package org.blockferry.drivers.file;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntPredicate;
import org.blockferry.drivers.posix.Errno;
import org.blockferry.drivers.posix.NativeAccess;

/** The real system calls, counted, some of them answered here instead. */
final class TestNative {
    private final NativeAccess real = NativeAccess.orRefusing();
    private final List<String> calls = new CopyOnWriteArrayList<>();
    private final Map<String, List<Rule>> rules = new ConcurrentHashMap<>();
    private final Map<String, Runnable> hooks = new ConcurrentHashMap<>();
    private final NativeAccess proxy = (NativeAccess) Proxy.newProxyInstance(NativeAccess.class.getClassLoader(),
            new Class<?>[] {NativeAccess.class}, (self, method, arguments) -> call(method, arguments));

    private record Rule(IntPredicate second, int errno) {
    }

    NativeAccess get() {
        return proxy;
    }

    /** Answers EOPNOTSUPP to every call of {@code method}. */
    void refuse(String method) {
        refuse(method, second -> true);
    }

    /** Answers EOPNOTSUPP to the calls of {@code method} whose second argument, a number, fits. */
    void refuse(String method, IntPredicate second) {
        fail(method, second, Errno.EOPNOTSUPP);
    }

    void fail(String method, IntPredicate second, int errno) {
        rules.computeIfAbsent(method, name -> new CopyOnWriteArrayList<>()).add(new Rule(second, errno));
    }

    /** Runs {@code action} before every call of {@code method}. */
    void before(String method, Runnable action) {
        hooks.put(method, action);
    }

    /** The names of the methods called, in order. */
    List<String> calls() {
        return new ArrayList<>(calls);
    }

    long count(String... methods) {
        return calls.stream().filter(List.of(methods)::contains).count();
    }

    void forget() {
        calls.clear();
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        calls.add(method.getName());
        hooks.getOrDefault(method.getName(), () -> { }).run();
        for (Rule rule : rules.getOrDefault(method.getName(), List.of())) {
            int second = arguments.length > 1 && arguments[1] instanceof Number number ? number.intValue() : 0;
            if (rule.second.test(second)) {
                return method.getReturnType() == long.class ? (Object) (long) -rule.errno : (Object) (-rule.errno);
            }
        }
        try {
            return method.invoke(real, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
