import FoundationEssentials
import Support

/// A file of the project by its path from the root, with its text.
struct ProjectFile {
    /// Such as `Sources/Facts/Moment.swift`.
    let path: String
    /// Its whole text.
    let text: String

    /// The folders whose files the rules are for.
    private static let folders = ["Sources", "Tests", "deploy", "dashboards", ".ci"]
    /// Folders of build products.
    private static let products: Set<String> = [".build", ".swiftpm"]
    /// The largest file that is looked into, in bytes; larger ones are recordings.
    private static let limitBytes: UInt64 = 1 << 20

    /// The last part of the path.
    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The room under `Sources`, such as `Facts`; nil for files elsewhere.
    var room: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    var isSwift: Bool { path.hasSuffix(".swift") }

    /// Every text file of the project; what a symbolic link points to is read where it lies, once.
    static let all: [ProjectFile] = {
        let nested = folders.flatMap { files(in: $0) }
        let top = TextFile.names(in: Project.root).filter { $0.hasSuffix(".swift") || $0.hasSuffix(".md") }
        return (top + nested).sorted().compactMap { path in
            guard let text = try? TextFile.read("\(Project.root)/\(path)") else { return nil }
            return ProjectFile(path: path, text: text)
        }
    }()

    private static func files(in folder: String) -> [String] {
        let manager = FileManager.default
        return TextFile.names(in: "\(Project.root)/\(folder)").flatMap { name -> [String] in
            let path = "\(folder)/\(name)"
            guard !products.contains(name) else { return [] }
            let attributes = try? manager.attributesOfItem(atPath: "\(Project.root)/\(path)")
            switch attributes?[.type] as? FileAttributeType {
            case .typeDirectory: return files(in: path)
            case .typeRegular: return (attributes?[.size] as? UInt64 ?? 0) <= limitBytes ? [path] : []
            default: return []
            }
        }
    }
}
