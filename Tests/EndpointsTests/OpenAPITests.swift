import Exposition
import Support
import Testing

@testable import Endpoints

@Suite struct OpenAPITests {
    let document = openAPIDocument(routes: allRoutes, version: "0.1.0")

    @Test func itIsValid() async throws {
        let script = """
            import json, sys
            from openapi_spec_validator import OpenAPIV31SpecValidator
            OpenAPIV31SpecValidator(json.load(sys.stdin)).validate()
            """
        try await Command.succeed(["python3", "-c", script], input: document.text())
    }

    /// Every path of the public surface is in it.
    @Test(arguments: [
        "/metrics", "/state", "/conditions", "/history", "/livez", "/readyz", "/healthz", "/primary", "/replica",
        "/read-only", "/leader", "/events", "/openapi.json", "/", "/doctor",
    ]) func itNames(_ path: String) {
        #expect(document["paths"]?[path]?["get"] != nil)
        #expect(document["paths"]?[path]?["head"] != nil)
    }

    @Test func pathsAndOperationsAreDistinct() {
        #expect(Set(allRoutes.map(\.path)).count == allRoutes.count)
        let text = document.text()
        let ids = text.split(separator: "\"operationId\": \"").dropFirst().map { $0.prefix { $0 != "\"" } }
        #expect(Set(ids).count == ids.count)
    }

    /// References lead somewhere.
    @Test func schemasAreThere() {
        let names = Set(componentSchemas.map(\.name))
        let references = document.text().split(separator: "\"#/components/schemas/").dropFirst().map {
            $0.prefix { $0 != "\"" }
        }
        for reference in references { #expect(names.contains(String(reference))) }
        for route in allRoutes { if let schema = route.schema { #expect(names.contains(schema)) } }
    }
}
