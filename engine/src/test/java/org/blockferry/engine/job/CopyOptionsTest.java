package org.blockferry.engine.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.blockferry.engine.block.CacheMode;
import org.blockferry.engine.pipeline.OffloadMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CopyOptionsTest {

    @Test
    void defaultsAreThoseOfQemuImg() {
        CopyOptions options = CopyOptions.copy("a", "b").build();
        assertEquals(List.of("a"), options.sources());
        assertEquals(CacheMode.WRITEBACK, options.sourceCache());
        assertEquals(CacheMode.UNSAFE, options.targetCache());
        assertTrue(options.sparseSize().isEmpty());
        assertEquals(4096, CopyOptions.DEFAULT_SPARSE_SIZE);
    }

    @Test
    void theBackingFileMayBeGivenAsAnOptionOfTheTarget() {
        CopyOptions options = CopyOptions.copy("a", "b")
                .targetOptions(Map.of("backing_file", "base", "backing_fmt", "raw", "cluster_size", "4k")).build();
        assertEquals(Optional.of("base"), options.backing());
        assertEquals(Optional.of("raw"), options.backingFormat());
        assertEquals(Map.of("cluster_size", "4k"), options.targetOptions());
    }

    @Test
    void aBuilderThatGoesOnDoesNotChangeWhatItBuilt() {
        CopyOptions.Builder builder = CopyOptions.copy("a", "b");
        CopyOptions first = builder.build();
        builder.source("c").target("d").parallel(3).targetOption("x", "y");
        assertEquals(List.of("a"), first.sources());
        assertEquals("b", first.target());
        assertEquals(0, first.parallel());
        assertTrue(first.targetOptions().isEmpty());
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                wrong("a copy needs a source", b -> b.source("")),
                wrong("a copy needs a target", b -> b.target("")),
                wrong("the sparse size (-S) is 100; it is a multiple of 512 up to 2147483136, or 0 to look for no zeroes",
                        b -> b.sparseSize(100)),
                wrong("the sparse size (-S) is -512; it is a multiple of 512 up to 2147483136, or 0 to look for no zeroes",
                        b -> b.sparseSize(-512)),
                wrong("the sparse size (-S) is 2147483648; "
                                + "it is a multiple of 512 up to 2147483136, or 0 to look for no zeroes",
                        b -> b.sparseSize(1L << 31)),
                wrong("the number of requests (-m) is 65; it is 1 to 64", b -> b.parallel(65)),
                wrong("the number of requests (-m) is -1; it is 1 to 64", b -> b.parallel(-1)),
                wrong("the rate (-r) is -1 bytes per second; it is not negative, and 0 is no limit", b -> b.rate(-1)),
                wrong("a backing format (-F) needs a backing file (-B)", b -> b.backingFormat("raw")),
                wrong("there is no backing file (-B) to leave unchecked", b -> b.backingUnchecked(true)),
                wrong("the name of the backing file (-B) is empty", b -> b.backing("")),
                wrong("a backing file (-B) cannot be kept when 2 sources become one disk", b -> b.source("c").backing("x")),
                wrong("a snapshot (-l) is of one source, and 2 are given", b -> b.source("c").snapshot("x")),
                wrong("a backing file (-B) is given to a new target, not to one that is there (-n)",
                        b -> b.backing("x").noCreate(true)),
                wrong("a target with a backing file (-B) does not read as zeroes (--target-is-zero)",
                        b -> b.backing("x").targetIsZero(true)),
                wrong("the backing file is given twice: by -B and by -o backing_file",
                        b -> b.backing("x").targetOption("backing_file", "x")),
                wrong("the backing format is given twice: by -F and by -o backing_fmt",
                        b -> b.backing("x").backingFormat("raw").targetOption("backing_fmt", "raw")),
                wrong("options for a new target (-o) make no sense where none is made (-n)",
                        b -> b.noCreate(true).targetOption("x", "y")),
                wrong("offloading always and looking for zeroes (-S) exclude each other",
                        b -> b.offload(OffloadMode.ALWAYS).sparseSize(4096)),
                wrong("offloading always and --salvage exclude each other", b -> b.offload(OffloadMode.ALWAYS).salvage(true)));
    }

    private static Arguments wrong(String message, Consumer<CopyOptions.Builder> change) {
        return arguments(message, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrong")
    void aWrongOptionIsToldInOneLine(String message, Consumer<CopyOptions.Builder> change) {
        CopyOptions.Builder builder = CopyOptions.copy("a", "b");
        change.accept(builder);
        assertEquals(message, assertThrows(IllegalArgumentException.class, builder::build).getMessage());
    }
}
