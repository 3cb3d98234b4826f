// Texts are compared byte by byte. Unicode's notion of sameness (`==`, `switch` on a String, `hasPrefix`) would need
// its tables, which Embedded Swift does not have at hand; the linker finds any use that slips in.

extension Collection<UInt8> {
    /// Whether these bytes are those of `text`.
    func spells(_ text: String) -> Bool { elementsEqual(text.utf8) }
}

/// Lets `switch` compare texts byte by byte; it takes precedence over the one for everything `Equatable`.
func ~= (pattern: String, text: String) -> Bool { text.utf8.spells(pattern) }

extension String {
    /// The text that these bytes spell in UTF-8; what is none is replaced.
    init(spelledBy bytes: some Collection<UInt8>) { self.init(decoding: bytes, as: UTF8.self) }
}
