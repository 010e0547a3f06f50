//! What the name of a field says.

/// Whether a field of this name says for whom a span is.
pub(super) fn is_peer(name: &str) -> bool {
    matches!(
        name,
        "peer"
            | "peer_addr"
            | "peer.addr"
            | "peer.address"
            | "addr"
            | "remote"
            | "remote_addr"
            | "remote.addr"
            | "client"
            | "client_addr"
            | "client_ip"
            | "client.addr"
            | "client.address"
            | "client.ip"
            | "network.peer.address"
            | "net.peer.ip"
            | "net.sock.peer.addr"
    )
}

/// Whether a field of this name may say how a span ended, or what it is part of.
pub(super) fn is_end(name: &str) -> bool {
    is_http(name) || is_rpc(name) || is_trace(name) || matches!(name, "otel.status_code" | "error")
}

/// Whether it is the trace that a span is part of.
pub(super) fn is_trace(name: &str) -> bool {
    name == "traceparent"
}

/// Whether it is the status of an answer of HTTP.
pub(super) fn is_http(name: &str) -> bool {
    matches!(name, "http.response.status_code" | "http.status_code" | "status_code" | "status")
}

/// Whether it is the status of an answer of gRPC.
pub(super) fn is_rpc(name: &str) -> bool {
    matches!(name, "rpc.grpc.status_code" | "grpc.status_code")
}
