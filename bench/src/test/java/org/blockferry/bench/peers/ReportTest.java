package org.blockferry.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReportTest {
    private static final Contender OURS = Contender.of(Contender.OURS, "", "ours");
    private static final Contender SLOW = Contender.of("slow", "", "slow");
    private static final Contender FAST = Contender.of("fast", "", "fast");

    @TempDir
    Path folder;

    private static Machine machine() {
        Map<String, String> facts = new LinkedHashMap<>();
        for (String fact : List.of("runs of each", "date", "commit", "processors", "qemu-img", "nbdcopy")) {
            facts.put(fact, "some " + fact);
        }
        return new Machine(facts);
    }

    private static Results results(String name, double ours) {
        Results results = new Results(new Workload(name, "title of " + name, 1.0, List.of(OURS, SLOW, FAST), List.of(),
                Workload.Check.NONE), "tmpfs");
        for (double noise : new double[] {0.5, 1, 7}) {
            results.add(OURS, new TimedRun(ours * noise, 1, 32 << 20, 0));
            results.add(SLOW, new TimedRun(3 * noise, 1, 1 << 20, 0));
            results.add(FAST, new TimedRun(noise, 1, 1 << 20, 0));
        }
        return results;
    }

    @Test
    void ratioIsOfTheMediansAndAgainstTheBestPeer() throws IOException {
        List<Results> all = List.of(results("even", 2.0), results("won", 0.5));

        new Report(machine(), all, Map.of("tmpfs", Map.of("one way", 0.25))).write(folder);

        String summary = Files.readString(folder.resolve("summary.md"));
        assertTrue(summary.contains("| title of even | tmpfs | 2.000 | fast | 1.000 | 2.00 | 1.0 | no |"), summary);
        assertTrue(summary.contains("Geometric mean of the 2 ratios whose best peer needs 0.4 s or more: 1.00."), summary);
        assertTrue(summary.contains("one way 0.250 s"), summary);
        assertTrue(Files.readString(folder.resolve("results.json")).contains("\"one way\" : 0.25"));
    }

    @Test
    void readmeGetsTheNewestTableBetweenItsMarksAndKeepsTheRest() throws IOException {
        Path readme = folder.resolve("README.md");
        Files.writeString(readme, "before\n" + ReadmeTable.BEGIN + "\nold\n" + ReadmeTable.END + "\nbehind\n");
        Path run = Files.createDirectories(folder.resolve("perf-results/2001-02-03-abc"));
        new Report(machine(), List.of(results("lost", 2.0), results("won", 0.5)), Map.of()).write(run);

        ReadmeTable.update(readme, folder.resolve("perf-results"));
        String once = Files.readString(readme);
        ReadmeTable.update(readme, folder.resolve("perf-results"));

        assertEquals(once, Files.readString(readme));
        assertTrue(once.startsWith("before\n" + ReadmeTable.BEGIN) && once.endsWith(ReadmeTable.END + "\nbehind\n"), once);
        assertFalse(once.contains("old"), once);
        assertTrue(once.indexOf("title of won") < once.indexOf("title of lost"), once);
        assertTrue(once.contains("(perf-results/2001-02-03-abc/ratios.svg)"), once);
    }

    @Test
    void readmeWithoutMarksIsAnError() throws IOException {
        Path readme = folder.resolve("README.md");
        Files.writeString(readme, "no place\n");
        Path run = Files.createDirectories(folder.resolve("perf-results/one"));
        new Report(machine(), List.of(results("won", 0.5)), Map.of()).write(run);

        assertThrows(IOException.class, () -> ReadmeTable.update(readme, folder.resolve("perf-results")));
        assertEquals("no place\n", Files.readString(readme));
    }

    @Test
    void inputsNameWhatTheyAreMadeOfFirst() {
        Inputs inputs = new Inputs(folder);

        assertEquals(List.of("fs.raw", "fs.qcow2", "overlay.qcow2"), List.copyOf(inputs.withNeeds(List.of("overlay.qcow2"))));
        assertThrows(IllegalArgumentException.class, () -> inputs.withNeeds(List.of("nothing")));
        for (Workload workload : new Workloads(folder, Path.of("/launcher")).all(true)) {
            Set<String> needs = inputs.withNeeds(workload.inputs());
            assertTrue(needs.containsAll(workload.inputs()), workload.name());
        }
    }

    @Test
    void everyPointOfASeriesIsDrawn() {
        List<Scale.Point> points = List.of(new Scale.Point(1, "one", 0.1, 0.2, 0, 0, 0), new Scale.Point(64, "many", 1, 2, 0, 0, 0));

        String svg = ScaleReport.draw(List.of(new Scale.Series("name", "unit", points)));

        assertEquals(4, svg.split("<circle ", -1).length - 1, svg);
        assertEquals(2, svg.split("<polyline ", -1).length - 1, svg);
        assertTrue(svg.endsWith("</svg>\n"), svg);
    }
}
