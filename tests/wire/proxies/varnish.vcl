# A cache between haproxy and an application. @..@ are filled in by tests/wire/proxies.rs.
vcl 4.1;
backend app {
    .host = "127.0.0.1";
    .port = "@APP@";
}
sub vcl_hash {
    # The scheme, where the test puts it into the key; host and URL follow by the built-in part.
    @KEY@
}
sub vcl_backend_response {
    # Varnish 7.1 does not know 308 and keeps it only when told to.
    if (beresp.status == 308) {
        set beresp.ttl = 1h;
    }
    # Many CDNs look at no `Vary` but that of encodings.
    @VARY@
}
sub vcl_deliver {
    set resp.http.X-Cache = "miss";
    if (obj.hits > 0) {
        set resp.http.X-Cache = "hit";
    }
}
