package org.blockferry.drivers.qmp;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A part of what QEMU answered. Members that are not there, or are of another kind, read as empty: what QEMU must have said is
 * asked for by name and missed by name.
 *
 * @param tree an object, array, string, number or boolean as {@link Json} makes them
 */
public record QmpValue(Object tree) {
    /** What an event or a reply without content says. */
    public static final QmpValue NOTHING = new QmpValue(Map.of());

    /** The member of an object; {@link #NOTHING} if there is none. */
    public QmpValue get(String name) {
        Object member = tree instanceof Map<?, ?> map ? map.get(name) : null;
        return member == null ? NOTHING : new QmpValue(member);
    }

    /** A string. */
    public Optional<String> text(String name) {
        return get(name).tree instanceof String text ? Optional.of(text) : Optional.empty();
    }

    /** A whole number. */
    public Optional<Long> number(String name) {
        return get(name).tree instanceof Long number ? Optional.of(number) : Optional.empty();
    }

    /** Whether the member is there and true. */
    public boolean flag(String name) {
        return Boolean.TRUE.equals(get(name).tree);
    }

    /** Whether there is such a member. */
    public boolean has(String name) {
        return tree instanceof Map<?, ?> map && map.containsKey(name);
    }

    /** The elements of an array; none if it is not one. */
    public List<QmpValue> elements() {
        return tree instanceof List<?> list ? list.stream().<QmpValue>map(QmpValue::new).toList() : List.of();
    }
}
