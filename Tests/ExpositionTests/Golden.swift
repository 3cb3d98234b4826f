import Glibc
import Support
import Testing

/// Files of expected output in `Golden/`; `UPDATE_GOLDEN=1` writes them anew.
enum Golden {
    static let folder: String = {
        let file = #filePath
        return (file.lastIndex(of: "/").map { String(file[...$0]) } ?? "") + "Golden/"
    }()

    /// Compares bytes; where they differ, says the first line that does.
    static func expect(_ actual: String, matches name: String, sourceLocation: SourceLocation = #_sourceLocation) throws
    {
        let path = folder + name
        if unsafe getenv("UPDATE_GOLDEN") != nil {
            try TextFile.write(actual, to: path)
            return
        }
        let expected = try TextFile.read(path)
        guard actual != expected else { return }
        let pairs = zip(lines(actual), lines(expected)).enumerated()
        let first = pairs.first { $0.element.0 != $0.element.1 }
        let difference =
            first.map { "line \($0.offset + 1) is\n  \($0.element.0)\nand was\n  \($0.element.1)" } ?? "the length"
        Issue.record("\(name): \(difference)\nUPDATE_GOLDEN=1 accepts it", sourceLocation: sourceLocation)
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }
}
