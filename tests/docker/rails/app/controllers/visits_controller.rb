# Counts in a signed cookie, which every task can read, and on the disk of its own task.
class VisitsController < ActionController::Base
  def show
    session[:visits] = session[:visits].to_i + 1
    Rails.cache.write("last", session[:visits])
    render plain: "visit #{Rails.cache.read("last")}\n"
  end
end
