import Facts
import Testing

@Suite struct QuantitiesTests {
    @Test(arguments: ["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF", "1/1000000"])
    func positionsPrintAsTheyParse(text: String) {
        #expect(LSN(text)?.description == text)
    }

    @Test(arguments: ["", "/", "1", "1/", "/1", "1/2/3", "g/0", "+1/2", "1/+2", "100000000/0", " 1/2", "-1/2"])
    func whatIsNoPositionIsNil(text: String) {
        #expect(LSN(text) == nil)
    }

    @Test func distancesHaveASign() {
        #expect(LSN(300).distance(from: LSN(100)) == 200)
        #expect(LSN(100).distance(from: LSN(300)) == -200)
    }

    @Test func segmentsKnowWhereTheyStart() {
        let segment = WALSegment("0000000A0000000200000003")
        #expect(segment?.timeline == 10)
        #expect(segment?.start(segmentSize: 16 << 20) == LSN("2/3000000"))
        #expect(segment?.start(segmentSize: 1 << 30) == LSN("2/C0000000"))
        #expect(segment?.description == "0000000A0000000200000003")
    }

    @Test(arguments: [
        "", "0000000A000000020000000", "0000000a0000000200000003", "0000000A00000002000000033",
        "0000000A0000000200000003.partial",
    ])
    func whatIsNoSegmentIsNil(name: String) {
        #expect(WALSegment(name) == nil)
    }

    @Test(arguments: [
        (0.0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_610_612_736, "1.5 GiB"), (-2048, "-2.0 KiB"),
        (500 * 1024.0 * 1024, "500 MiB"),
    ])
    func bytesForPeople(bytes: Double, text: String) {
        #expect(formatBytes(bytes) == text)
    }

    @Test(arguments: [
        (0.0, "0 ms"), (0.35, "350 ms"), (12, "12 s"), (240, "4 min"), (250, "4 min 10 s"), (12_000, "3 h 20 min"),
        (187_200, "2 d 4 h"), (-5, "-5 s"), (.infinity, "for ever"),
    ])
    func durationsForPeople(seconds: Double, text: String) {
        #expect(formatDuration(seconds: seconds) == text)
    }
}
