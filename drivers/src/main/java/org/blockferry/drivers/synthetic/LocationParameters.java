package org.blockferry.drivers.synthetic;

import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.blockferry.engine.block.BlockException;
import org.blockferry.engine.block.ImageLocation;
import org.blockferry.engine.util.ByteSize;

/** The parts of {@code SIZE?name=value&name=value}. Every refusal names the location, the parameter, the value and the bound. */
final class LocationParameters {
    private final ImageLocation location;
    private final Map<String, String> values = new LinkedHashMap<>();
    private final OptionalLong size;

    /**
     * Splits a location.
     *
     * @param known the parameters that the driver takes
     * @throws BlockException INVALID_ARGUMENT for an unknown or doubled parameter, or a size that is none
     */
    LocationParameters(ImageLocation location, List<String> known) throws BlockException {
        this.location = location;
        int question = location.rest().indexOf('?');
        String first = question < 0 ? location.rest() : location.rest().substring(0, question);
        size = first.isEmpty() ? OptionalLong.empty() : OptionalLong.of(parseSize("size", first));
        if (question < 0) {
            return;
        }
        for (String pair : location.rest().substring(question + 1).split("&", -1)) {
            int equals = pair.indexOf('=');
            String name = equals < 0 ? pair : pair.substring(0, equals);
            if (!known.contains(name)) {
                throw invalid("unknown parameter '" + name + "'; known are " + String.join(", ", known));
            }
            if (equals < 0) {
                throw invalid("parameter " + name + " has no value; write " + name + "=VALUE");
            }
            if (values.put(name, pair.substring(equals + 1)) != null) {
                throw invalid("parameter " + name + " is given twice");
            }
        }
    }

    /** The size before the question mark. */
    OptionalLong size() {
        return size;
    }

    Optional<String> text(String name) {
        return Optional.ofNullable(values.get(name));
    }

    /** A size within bounds. */
    OptionalLong size(String name, long least, long most) throws BlockException {
        String text = values.get(name);
        if (text == null) {
            return OptionalLong.empty();
        }
        long value = parseSize(name, text);
        if (value < least || value > most) {
            throw field(name, text, "it must be " + least + " to " + most + " bytes");
        }
        return OptionalLong.of(value);
    }

    /** {@code on} or {@code off}; {@code true} and {@code false} are taken too. */
    boolean flag(String name, boolean otherwise) throws BlockException {
        String text = values.get(name);
        if (text == null) {
            return otherwise;
        }
        return switch (text) {
            case "on", "true" -> true;
            case "off", "false" -> false;
            default -> throw field(name, text, "it must be on or off");
        };
    }

    /** Any whole number of 64 bits. */
    long number(String name, long otherwise) throws BlockException {
        String text = values.get(name);
        try {
            return text == null ? otherwise : Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw field(name, text, "it must be a whole number from -2^63 to 2^63-1");
        }
    }

    /** A decimal number from 0 to 100. */
    double percent(String name, double otherwise) throws BlockException {
        String text = values.get(name);
        if (text == null) {
            return otherwise;
        }
        // Digits and a point only: no sign, no exponent, no NaN.
        if (text.length() <= 30 && text.matches("[0-9]+(\\.[0-9]+)?")
                && new BigDecimal(text).compareTo(BigDecimal.valueOf(100)) <= 0) {
            return Double.parseDouble(text);
        }
        throw field(name, text, "it must be a number from 0 to 100");
    }

    private long parseSize(String what, String text) throws BlockException {
        try {
            return ByteSize.parse(what, text);
        } catch (IllegalArgumentException e) {
            throw BlockException.of(BlockException.Kind.INVALID_ARGUMENT, location.text(), e.getMessage(), e);
        }
    }

    private BlockException field(String name, String value, String bound) {
        return BlockException.field(BlockException.Kind.INVALID_ARGUMENT, location.text(), name, "'" + value + "'", bound);
    }

    BlockException invalid(String what) {
        return BlockException.of(BlockException.Kind.INVALID_ARGUMENT, location.text(), what);
    }

    /** Refuses a new disk of another length than the one that the location says. */
    void requireLength(long length) throws BlockException {
        if (size.isPresent() && length != size.getAsLong()) {
            throw invalid("size is " + size.getAsLong() + "; " + length + " bytes are to be written");
        }
    }
}
