import Exposition

/// The description of all of this, written from the table that the router follows.
let openAPIRoute = Route(path: "/openapi.json", summary: "OpenAPI 3.1 of these paths.", offers: [.json]) { call in
    let document = openAPIDocument(routes: allRoutes, version: call.published.observer.version)
    return .answer(Response(200, .json, document.bytes()))
}

/// An OpenAPI 3.1 document of `routes`.
func openAPIDocument(routes: [Route], version: String) -> JSON {
    [
        "openapi": "3.1.0",
        "info": [
            "title": "Howdah", "version": .string(version),
            "summary": "Not just live or dead, but live, but …: the state of one PostgreSQL server.",
            "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
        ],
        // Relative: the document is read from the very listener that it describes.
        "servers": [["url": "/"]],
        "paths": .object(routes.map { JSON.Member($0.path, pathItem($0)) }),
        "components": [
            "schemas": .object(componentSchemas.map { JSON.Member($0.name, $0.schema) })
        ],
    ]
}

private func pathItem(_ route: Route) -> JSON {
    var methods = ["get", "head"]
    if route.answersOptions { methods.append("options") }
    return .object(methods.map { JSON.Member($0, operation(route, method: $0)) })
}

private func operation(_ route: Route, method: String) -> JSON {
    let listener = route.audience == .local ? " Local listener and Unix socket only." : ""
    return [
        "operationId": .string(operationID(route, method)),
        "summary": .string(route.summary + listener),
        "parameters": .array(route.parameters.map(parameter)),
        "responses": responses(route, method: method),
    ]
}

private func operationID(_ route: Route, _ method: String) -> String {
    let words = route.path.split { !$0.isLetter && $0 != "_" }.map { $0.prefix(1).uppercased() + $0.dropFirst() }
    return method + (words.isEmpty ? "Page" : words.joined())
}

private func parameter(_ parameter: Parameter) -> JSON {
    [
        "name": .string(parameter.name), "in": "query", "required": false, "description": .string(parameter.help),
        "allowEmptyValue": .bool(parameter.isFlag), "schema": schema(parameter.kind),
    ]
}

private func schema(_ kind: Parameter.Kind) -> JSON {
    switch kind {
    case .choice(let words): ["type": "string", "enum": .array(words.map { .string($0) })]
    case .flag: ["type": "string", "enum": ["", "true", "false", "1", "0"]]
    case .seconds(let maximum): ["type": "number", "minimum": 0, "maximum": .number(maximum)]
    case .whole(let range) where range.upperBound == .max: ["type": "integer", "minimum": .whole(range.lowerBound)]
    case .whole(let range):
        ["type": "integer", "minimum": .whole(range.lowerBound), "maximum": .whole(range.upperBound)]
    case .bytes: ["type": "string", "pattern": "^[0-9.]+ ?([kKmMgGtT]?[bB])?$"]
    }
}

extension Parameter {
    fileprivate var isFlag: Bool { if case .flag = kind { true } else { false } }
}

private func responses(_ route: Route, method: String) -> JSON {
    var members = [JSON.Member("200", response("It is as asked.", route, method: method))]
    for (code, meaning) in route.statuses {
        members.append(JSON.Member(String(code), response(meaning, route, method: method)))
    }
    let problems: JSON = [
        "description": "A problem document says what is wrong and what to do.",
        "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
    ]
    members.append(JSON.Member("default", problems))
    return .object(members)
}

private func response(_ description: String, _ route: Route, method: String) -> JSON {
    guard method == "get" else { return ["description": .string(description)] }
    let content = route.offers.map { offer -> JSON.Member in
        let schema: JSON =
            switch offer {
            case .json: route.schema.map { ["$ref": "#/components/schemas/\($0)"] } ?? ["type": "object"]
            default: ["type": "string"]
            }
        return JSON.Member(offer.rawValue, ["schema": schema])
    }
    return ["description": .string(description), "content": .object(content)]
}
