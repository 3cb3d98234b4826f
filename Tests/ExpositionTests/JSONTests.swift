import Testing

@testable import Exposition

@Suite struct JSONTests {
    @Test(
        arguments: [
            (JSON.string("a\"b\\c\n\t\u{1}\u{7F}é☃"), "\"a\\\"b\\\\c\\n\\t\\u0001\\u007fé☃\""),
            (.number(0.4), "0.4"), (.number(3), "3"), (.number(-0.5), "-0.5"), (.number(.infinity), "null"),
            (.number(.nan), "null"), (.number(1e300), "1e+300"), (.integer(.min), "-9223372036854775808"),
            (["b": 1, "a": [nil, true, "x"]], "{\"b\":1,\"a\":[null,true,\"x\"]}"), ([], "[]"), ([:], "{}"),
        ] as [(JSON, String)]
    ) func compact(_ value: JSON, _ text: String) {
        #expect(value.text(.compact) == text)
    }

    /// Plain values stay on one line where it fits; everything else is broken up.
    @Test func readable() {
        let long = JSON.string(String(repeating: "x", count: 160))
        let value: JSON = ["a": ["x": 1, "y": nil], "b": [["c": []]], "d": [long]]
        let expected = """
            {
              "a": {"x": 1, "y": null},
              "b": [
                {"c": []}
              ],
              "d": [
                "\(String(repeating: "x", count: 160))"
              ]
            }

            """
        #expect(value.text() == expected)
    }

    /// Ages have no digits that mean nothing.
    @Test func secondsAreCutToMilliseconds() {
        #expect(JSON.seconds(0.400_000_000_3).text(.compact) == "0.4")
        #expect(JSON.seconds(nil) == .null)
        #expect(JSON.whole(UInt64.max) == .integer(.max))
    }
}
