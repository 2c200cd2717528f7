package org.blockferry.drivers;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.blockferry.drivers.nbd.NbdClientFuzz;
import org.blockferry.drivers.nbd.server.NbdServerFuzz;
import org.blockferry.drivers.qcow2.Qcow2Fuzz;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The inputs that fuzzing begins with, and those with which it found something, once each through its target. Jazzer, which makes
 * new ones, runs by {@code -Pfuzz} and in a process of its own: its agent changes classes for good.
 */
class FuzzSeedsTest {
    private static final Map<String, Consumer<byte[]>> TARGETS = Map.of("qcow2", Qcow2Fuzz::fuzzerTestOneInput,
            "nbd-client", NbdClientFuzz::fuzzerTestOneInput, "nbd-server", NbdServerFuzz::fuzzerTestOneInput);

    static Stream<Arguments> seeds() throws IOException, URISyntaxException {
        Path all = Path.of(Objects.requireNonNull(FuzzSeedsTest.class.getResource("/fuzz")).toURI());
        List<Arguments> seeds = new ArrayList<>();
        for (String target : TARGETS.keySet().stream().sorted().toList()) {
            int before = seeds.size();
            try (Stream<Path> files = Files.list(all.resolve(target))) {
                files.sorted().forEach(file -> seeds.add(Arguments.of(target, file.getFileName().toString(), file)));
            }
            assertFalse(seeds.size() == before, "no seeds for " + target);
        }
        return seeds.stream();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("seeds")
    @Timeout(60)
    void endsInAnAnswerOrARefusal(String target, String name, Path file) throws IOException {
        TARGETS.get(target).accept(Files.readAllBytes(file));
    }
}
