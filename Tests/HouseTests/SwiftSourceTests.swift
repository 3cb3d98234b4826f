import Testing

/// The scanner that the rules read code with.
@Suite struct SwiftSourceTests {
    static let blanked: [(source: String, code: String)] = [
        ("a // b", "a     "), ("a /* b /* c */ d */ e", "a                   e"), ("\"a\" + b", "    + b"),
        ("\"a\\\"b\" + c", "       + c"), ("\"\\(f(\"x\"))\"", "   f(   )  "), ("#\"a\\(b)\"# c", "          c"),
        ("#\"a\\#(b)\"# c", "      b    c"), ("\"\"\"\n{ \"a\"\n\"\"\" b", "   \n     \n    b"),
        ("a\n// b\nc", "a\n    \nc"),
    ]

    @Test(arguments: blanked.indices) func leavesCodeWhereItStood(index: Int) {
        let (source, code) = Self.blanked[index]
        #expect(SwiftSource(source).lines.joined(separator: "\n") == code)
    }

    @Test func findsImports() {
        let source = SwiftSource(
            """
            import A
              public import B
            @testable import C
            @_spi(X) @preconcurrency internal import struct D.E
            import F.G
            // import H
            let importance = "import I"
            #if canImport(J)
            """
        )
        #expect(source.imports.map(\.module) == ["A", "B", "C", "D", "F"])
        #expect(source.imports.map(\.line) == [1, 2, 3, 4, 5])
    }

    @Test func measuresFunctions() {
        let source = SwiftSource(
            """
            protocol P { func requirement() -> Int
                var x: Int { get } }
            struct S {
                func f(
                    a: Int = { 1 }()
                ) {
                    if true { g() }
                }
                init() { self.init(1) }
                subscript(i: Int) -> Int {
                    .init(i)
                }
            }
            """
        )
        #expect(source.functions.map(\.line) == [4, 9, 10])
        #expect(source.functions.map(\.lineCount) == [5, 1, 3])
    }
}
