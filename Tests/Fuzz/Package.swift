// swift-tools-version: 6.3
import PackageDescription

// Fuzz targets for what reads bytes that others write. `Tests/Fuzz/run` builds and runs them.

let fuzzed: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    .unsafeFlags(["-sanitize=fuzzer,address"]),
]

// gold, the default linker, ends with an internal error here. SwiftPM renames `main`, so libFuzzer's own does not link:
// each target has a `@main` that calls the driver.
func fuzzTarget(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["CFuzz"] + dependencies,
        swiftSettings: fuzzed,
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
    )
}

let package = Package(
    name: "fuzz",
    targets: [
        .target(name: "CFuzz"),
        .target(name: "Facts", swiftSettings: fuzzed),
        // The product's own files, by links.
        .target(name: "Parsers", dependencies: ["Facts"], swiftSettings: fuzzed),
        fuzzTarget("FuzzControlFile", ["Facts", "Parsers"]),
        fuzzTarget("FuzzLockFile", ["Facts", "Parsers"]),
        fuzzTarget("FuzzStartupExchange"),
    ],
    swiftLanguageModes: [.v6]
)
