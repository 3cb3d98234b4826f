import Testing

@testable import Exposition

@Suite struct ReportTests {
    /// Text from outside never reaches the terminal's own language, nor breaks a line.
    @Test(arguments: [true, false]) func escapeSequencesDoNotPass(color: Bool) {
        let style = ReportStyle(color: color, width: 100)
        let published = Sample.hostile.published
        for text in [
            stateReport(of: published, at: Sample.now, style: style),
            conditionsReport(of: published, at: Sample.now, style: style),
        ] {
            let foreign = text.replacing("\u{1B}[0m", with: "").unicodeScalars.filter { $0.value < 0x20 && $0 != "\n" }
            #expect(foreign.count == (color ? text.split(separator: "\u{1B}[0m").count - 1 : 0))
            #expect(!text.contains("\u{1B}]"))
            #expect(!text.contains("\u{1B}[31mred"))
            #expect(!text.unicodeScalars.contains("\u{202E}"))
        }
    }

    @Test(arguments: Sample.all, [40, 60, 80, 100, 200, 300]) func linesFitTheWidth(_ sample: Sample, _ width: Int) {
        let text = stateReport(of: sample.published, at: Sample.now, style: ReportStyle(width: width))
        for line in text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
    }

    /// Colour changes nothing but the colour.
    @Test(arguments: Sample.all) func colourAddsNothingElse(_ sample: Sample) {
        let plain = stateReport(of: sample.published, at: Sample.now, style: ReportStyle(width: 80))
        var coloured = stateReport(of: sample.published, at: Sample.now, style: ReportStyle(color: true, width: 80))
        for code in ["0", "1", "2", "31", "32", "33", "35"] {
            coloured = coloured.replacing("\u{1B}[\(code)m", with: "")
        }
        #expect(coloured == plain)
    }

    @Test(arguments: Sample.all) func oneScreenIsEnough(_ sample: Sample) {
        let text = stateReport(of: sample.published, at: Sample.now, style: ReportStyle(width: 100))
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 40)
    }

    @Test func theReasonComesFirst() {
        let text = stateReport(of: Sample.connectionsFull.published, at: Sample.now)
        #expect(text.hasPrefix("● Live, but connections full: 97 of 97 ordinary slots in use\n"))
    }

    @Test func widthsAreBounded() {
        #expect(ReportStyle(width: 1).width == 40)
        #expect(ReportStyle(width: 100_000).width == 300)
    }

    @Test(arguments: [
        ("", 20, [""]), ("one two three", 8, ["one two", "three"]), ("abcdefghijkl", 8, ["abcdefgh", "ijkl"]),
        ("a bcdefghijklm", 8, ["a", "bcdefghi", "jklm"]), ("  spaces   fall together ", 30, ["spaces fall together"]),
    ]) func wrapping(_ text: String, _ width: Int, _ lines: [String]) {
        #expect(wrapped(text, width: width) == lines)
    }
}
