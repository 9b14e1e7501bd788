# A Rails application's redirects behind a proxy on this machine. Argument: the port.

require "active_support/all"
require "action_view"
require "action_controller"
require "rack/handler/webrick"

page = ->(text) { ->(_) { [200, { "Content-Type" => "text/plain" }, [text]] } }

routes = ActionDispatch::Routing::RouteSet.new
routes.draw do
  match "/", to: page["home"], via: :all
  match "/health", to: page["well"], via: :all
  get "/stories", to: redirect("/articles")
  get "/stories/:name", to: redirect("/articles/%{name}")
  get "/docs/*rest", to: redirect("https://docs.test/v2/%{rest}", status: 302)
  match "/checkout", to: redirect("/orders", status: 307), via: :all
end

app = Rack::Builder.new do
  use ActionDispatch::HostAuthorization, ["shop.test"]
  # What `config.force_ssl = true` adds.
  use ActionDispatch::SSL,
      hsts: { expires: 3600, subdomains: false },
      redirect: { exclude: ->(request) { request.path == "/health" } },
      ssl_default_redirect_status: 308
  run routes
end

Rack::Handler::WEBrick.run(app, Host: "127.0.0.1", Port: ARGV[0].to_i, AccessLog: [],
                                Logger: WEBrick::Log.new(File::NULL))
