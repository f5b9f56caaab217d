require "rails"
require "action_controller/railtie"

module Visits
  class Application < Rails::Application
    config.load_defaults 7.2
    config.eager_load = true
    config.secret_key_base = ENV.fetch("SECRET_KEY_BASE")
    config.cache_store = :file_store, root.join("tmp/cache")
    config.logger = ActiveSupport::Logger.new($stdout)
  end
end
