// The redirections of a Next.js application.

module.exports = {
  redirects: async () => [
    { source: "/about", destination: "/", permanent: true },
    { source: "/blog/:slug", destination: "/news/:slug", permanent: false },
    { source: "/docs/:path*", destination: "/guide/:path*", permanent: true },
    { source: "/post/:id(\\d+)", destination: "/posts/:id", permanent: false },
    { source: "/q", destination: "/r?k=1", permanent: false },
    { source: "/ext/:path*", destination: "https://b.example/:path*", statusCode: 301 },
    {
      source: "/only",
      has: [{ type: "query", key: "id", value: "(?<id>.*)" }],
      destination: "/item/:id",
      permanent: false,
    },
    {
      source: "/:path*",
      has: [{ type: "host", value: "old.test" }],
      destination: "https://www.example/:path*",
      permanent: true,
    },
  ],
};
