package org.blockferry.drivers.synthetic;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LocationParametersTest {
    private static final String SIZES = "; a size is a number up to 2^63-1 with an optional suffix K, M, G, T, P or E (64K, 1.5G)";

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(delimiter = '|', value = {
        "null:1X | size is '1X'" + SIZES,
        "null:-1 | size is '-1'" + SIZES,
        "memory:8E | size is '8E'" + SIZES,
        "memory: | size is missing; write memory:SIZE, such as memory:64M",
        "memory:1M?max=lots | max is 'lots'" + SIZES,
        "sparse-random: | size is missing; write sparse-random:SIZE, such as sparse-random:1T",
        "null:1M?read-zeros=on | unknown parameter 'read-zeros'; known are read-zeroes",
        "null:1M?read-zeroes=maybe | read-zeroes is 'maybe'; it must be on or off",
        "null:1M?read-zeroes | parameter read-zeroes has no value; write read-zeroes=VALUE",
        "null:1M? | unknown parameter ''; known are read-zeroes",
        "null:?read-zeroes=on&read-zeroes=off | parameter read-zeroes is given twice",
        "sparse-random:1T?seed=x | seed is 'x'; it must be a whole number from -2^63 to 2^63-1",
        "sparse-random:1T?percent=101 | percent is '101'; it must be a number from 0 to 100",
        "sparse-random:1T?percent=100.0001 | percent is '100.0001'; it must be a number from 0 to 100",
        "sparse-random:1T?percent=-1 | percent is '-1'; it must be a number from 0 to 100",
        "sparse-random:1T?percent=NaN | percent is 'NaN'; it must be a number from 0 to 100",
        "sparse-random:1T?percent=1e1 | percent is '1e1'; it must be a number from 0 to 100",
        "sparse-random:1T?runlength=0 | runlength is '0'; it must be 4096 to 4611686018427387904 bytes",
        "sparse-random:1T?random-content=1 | random-content is '1'; it must be on or off",
        "sparse-random:1T?sed=3 | unknown parameter 'sed'; known are seed, percent, runlength, random-content"})
    void aWrongLocationIsRefusedByNameParameterValueAndBound(String location, String message) {
        Opening.assertInvalid(location + ": " + message, () -> Opening.source(location));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"null:1M", "memory:1M", "sparse-random:1M"})
    void aTargetOfAnotherLengthIsRefused(String location) {
        Opening.assertInvalid(location + ": size is 1048576; 1048577 bytes are to be written",
                () -> Opening.create(location, 1048577));
    }
}
