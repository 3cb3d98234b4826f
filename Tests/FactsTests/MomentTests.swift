import Facts
import Testing

@Suite struct MomentTests {
    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000Z"),
        (1_795_249_702_114_000_000, "2026-11-21T08:28:22.114Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
        (-1_000_000, "1969-12-31T23:59:59.999Z"),
        (4_102_444_799_999_000_000, "2099-12-31T23:59:59.999Z"),
    ])
    func printsAsRFC3339(wall: Int64, text: String) {
        #expect(Moment.rfc3339(wall: wall) == text)
    }

    @Test func agesComeFromTheBootClock() {
        let before = Moment(boot: 1_000_000_000, wall: 9_000_000_000)
        let after = Moment(boot: 3_500_000_000, wall: 1_000_000_000)
        #expect(after.seconds(since: before) == 2.5)
        #expect(before < after)
    }
}

@Suite struct ObservationTests {
    @Test func aFailureKeepsTheLastValue() {
        let early = Moment(boot: 0, wall: 0)
        let late = Moment(boot: 5_000_000_000, wall: 0)
        let observation = Observation<Int>.fresh(7, at: early).failing(with: Failure(.timedOut, "late"), at: late)
        #expect(observation.value == nil)
        #expect(observation.last == Stamped(7, at: early))
        #expect(observation.failure?.kind == .timedOut)
        #expect(observation.at == late)
        #expect(Observation<Int>.never.failing(with: Failure(.absent, "gone"), at: late).last == nil)
    }

    @Test func valuesGrowOld() {
        let observation = Observation<Int>.fresh(7, at: Moment(boot: 0, wall: 0))
        #expect(observation.value(within: 5, of: Moment(boot: 5_000_000_000, wall: 0)) == 7)
        #expect(observation.value(within: 5, of: Moment(boot: 5_000_000_001, wall: 0)) == nil)
    }
}
