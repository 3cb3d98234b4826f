/// A rule of the house, as data: what it asks, why, and how a file breaks it.
struct Rule: Sendable {
    /// A short name.
    var name: String
    /// Why it is a rule.
    var why: String
    /// The lines of a file that break it, each with what is wrong; empty where the file keeps it.
    var breaches: @Sendable (ProjectFile) -> [Breach]
    /// A file that breaks it: the rule must find something in it.
    var planted: ProjectFile
    /// A file that looks like it and does not break it.
    var harmless: ProjectFile

    /// One line that breaks a rule.
    struct Breach {
        /// The line, from 1.
        var line: Int
        /// What is wrong with it.
        var what: String
    }

    /// Every rule about single files.
    static let all = [
        imports, noFoundation, noXCTest, noUnstructuredTasks, noTraps, functionLength, fileLength, fileNames, noPaths,
        noNotes,
    ]

    static let functionLimitLines = 70
    static let fileLimitLines = 500

    static let imports = Rule(
        name: "each room imports what the table of rooms lets it",
        why: "values flow one way; what is to the left never knows of what is to the right",
        breaches: { file in
            guard file.isSwift, let name = file.room else { return [] }
            guard let room = Room.all.first(where: { $0.name == name }) else {
                return [Breach(line: 1, what: "\(name) is not in the table of rooms")]
            }
            return SwiftSource(file.text).imports.filter { !room.mayImport.contains($0.module) }.map {
                Breach(line: $0.line, what: "\(name) imports \($0.module): \(room.why)")
            }
        },
        planted: ProjectFile(path: "Sources/Facts/A.swift", text: "public import Glibc\n"),
        harmless: ProjectFile(path: "Sources/Sensors/A.swift", text: "// import Diagnosis\nimport struct Facts.LSN\n")
    )

    static let noFoundation = Rule(
        name: "nothing imports Foundation",
        why: "it brings 40 MB of ICU; FoundationEssentials does not",
        breaches: { file in
            guard file.isSwift else { return [] }
            let banned: Set<String> = [
                "Foundation", "FoundationNetworking", "FoundationXML", "FoundationInternationalization",
            ]
            return SwiftSource(file.text).imports.filter { banned.contains($0.module) }.map {
                Breach(line: $0.line, what: "imports \($0.module)")
            }
        },
        planted: ProjectFile(
            path: "Tests/ATests/A.swift",
            text: "@testable import Facts\n@preconcurrency import Foundation\n"
        ),
        harmless: ProjectFile(
            path: "Tests/ATests/A.swift",
            text: "import FoundationEssentials\nlet x = \"\nimport Foundation\""
        )
    )

    static let noXCTest = Rule(
        name: "tests use Swift Testing",
        why: "one way to write a test",
        breaches: { file in
            guard file.isSwift else { return [] }
            return SwiftSource(file.text).imports.filter { $0.module == "XCTest" }.map {
                Breach(line: $0.line, what: "imports XCTest")
            }
        },
        planted: ProjectFile(path: "Tests/ATests/A.swift", text: "import XCTest\n"),
        harmless: ProjectFile(path: "Tests/ATests/A.swift", text: "import Testing\n")
    )

    static let noUnstructuredTasks = Rule(
        name: "only Sidecar starts tasks",
        why: "an unstructured task escapes cancellation, deadlines and the tests' executor",
        breaches: { file in
            guard file.isSwift, let room = file.room, room != "Sidecar" else { return [] }
            return lines(of: file) { line in
                let bare = line.filter { $0 != " " }
                let words = SwiftSource.words(of: line)
                guard let task = words.firstIndex(of: "Task") else { return nil }
                let isDetached = words.dropFirst(task + 1).first == "detached"
                let isStarted = bare.contains("Task{") || bare.contains("Task(") || bare.contains("Task<")
                return isDetached || isStarted ? "starts a task" : nil
            }
        },
        planted: ProjectFile(
            path: "Sources/Sensors/A.swift",
            text: "func f() {\n    Task(priority: .high) { await g() }\n}\n"
        ),
        harmless: ProjectFile(
            path: "Sources/Sensors/A.swift",
            text: "func f() async throws {\n    try await Task.sleep(for: .seconds(1))  // not Task { }\n}\n"
        )
    )

    static let noTraps = Rule(
        name: "no way to crash on purpose",
        why:
            "a sidecar that dies takes the probes with it; unexpected is an observation. Force unwraps are left to the linter",
        breaches: { file in
            guard file.isSwift, file.room != nil else { return [] }
            return lines(of: file) { line in
                for text in ["try!", "as!", "unowned(unsafe)"] where line.contains(text) { return "uses \(text)" }
                let banned: Set<Substring> = ["fatalError", "preconditionFailure", "assertionFailure", "abort"]
                return SwiftSource.words(of: line).first(where: banned.contains).map { "calls \($0)" }
            }
        },
        planted: ProjectFile(path: "Sources/Facts/A.swift", text: "let x = \"\\(try! f())\"\n"),
        harmless: ProjectFile(path: "Sources/Facts/A.swift", text: "/* try! */ let fatalErrors = \"fatalError()\"\n")
    )

    static let functionLength = Rule(
        name: "a function has at most \(functionLimitLines) lines",
        why: "it can be seen whole",
        breaches: { file in
            guard file.isSwift else { return [] }
            return SwiftSource(file.text).functions.filter { $0.lineCount > functionLimitLines }.map {
                Breach(line: $0.line, what: "a function of \($0.lineCount) lines")
            }
        },
        planted: ProjectFile(
            path: "Sources/Facts/A.swift",
            text: "struct A {\n    init(x: Int = { 1 }()) {\n" + String(repeating: "        x\n", count: 69)
                + "    }\n}\n"
        ),
        harmless: ProjectFile(
            path: "Sources/Facts/A.swift",
            text: "protocol P { func f() }\nstruct A {\n    func f() {\n" + String(repeating: "        x\n", count: 68)
                + "    }\n" + String(repeating: "    let x = \"{\"\n", count: 80) + "}\n"
        )
    )

    static let fileLength = Rule(
        name: "a file has at most \(fileLimitLines) lines",
        why: "one concept a file",
        breaches: { file in
            guard file.isSwift else { return [] }
            let count = file.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
            return count > fileLimitLines ? [Breach(line: count, what: "a file of \(count) lines")] : []
        },
        planted: ProjectFile(path: "Tests/A/A.swift", text: String(repeating: "\n", count: 501)),
        harmless: ProjectFile(path: "Tests/A/A.swift", text: String(repeating: "\n", count: 500))
    )

    static let fileNames = Rule(
        name: "no file is named after nothing",
        why: "Utils, Helpers, Common and Manager say that nobody knew what the file is about",
        breaches: { file in
            let name = file.name.lowercased()
            let empty = ["util", "helper", "common", "manager", "misc"]
            return empty.filter(name.contains).map { Breach(line: 1, what: "named \"\($0)\"") }
        },
        planted: ProjectFile(path: "Sources/Facts/ConnectionHelpers.swift", text: ""),
        harmless: ProjectFile(path: "Sources/Facts/Moment.swift", text: "")
    )

    static let noPaths = Rule(
        name: "no path of somebody's machine",
        why: "the next machine does not have it",
        breaches: { file in
            // Put together here, so that this file keeps its own rule.
            let folders = ["home", "root", "work", "farm", "Users"].map { "/\($0)/" } + ["/tmp/" + "whl"]
            // A path begins after a blank, a quote or the like; `/proc/1/root/` is nobody's machine.
            return lines(of: file, asWritten: true) { line in
                let starts = line.split { " \t\"'`=:,(<".contains($0) }
                return folders.first { folder in starts.contains { $0.hasPrefix(folder) } }.map { "names \($0)" }
            }
        },
        planted: ProjectFile(path: "deploy/try", text: "cd /" + "home/me/howdah\n"),
        harmless: ProjectFile(path: "deploy/try", text: "cd /var/lib/home/howdah; ls /proc/1/root/\n")
    )

    static let noNotes = Rule(
        name: "no note to finish it later",
        why: "what is left open stands in an issue, where it is found",
        breaches: { file in
            let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
            return lines(of: file, asWritten: true) { line in
                SwiftSource.words(of: line).first { marks.contains(String($0)) }.map { "says \($0)" }
            }
        },
        planted: ProjectFile(path: "Sources/Facts/A.swift", text: "let x = 1  // TO" + "DO: later\n"),
        harmless: ProjectFile(path: "Sources/Facts/A.swift", text: "let TO" + "DOs = 1\n")
    )

    /// The lines of a file that `judge` finds something in; of Swift only the code, unless `asWritten`.
    private static func lines(
        of file: ProjectFile,
        asWritten: Bool = false,
        _ judge: (String) -> String?
    ) -> [Breach] {
        let lines =
            file.isSwift && !asWritten
            ? SwiftSource(file.text).lines
            : file.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return lines.enumerated().compactMap { index, line in judge(line).map { Breach(line: index + 1, what: $0) } }
    }
}
