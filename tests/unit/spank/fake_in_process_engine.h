// An engine that only notes what it is asked.
#pragma once

#include "spank/engine.h"

namespace pyxis::spank {

class FakeEngine : public Engine {
 public:
  std::optional<Error> start_error;
  Started started;
  std::vector<Event> events;
  std::vector<StartRequest> starts;
  std::vector<std::string> joins;
  std::function<Result<void>(const SaveRequest&)> on_save;
  std::vector<FinishRequest> finishes;
  std::vector<EpilogRequest> epilogs;
  EngineProcess last_process;

  Result<Container> start(const StartRequest& request, const EngineProcess& process, const Ties&,
                          const Listener& listener) override {
    starts.push_back(request);
    last_process = process;
    for (const auto& event : events) listener(event);
    if (start_error) return *start_error;
    return Container{started, {}, Child()};
  }
  Result<Container> join(const std::string& control_socket) override {
    joins.push_back(control_socket);
    return Container{started, {}, Child()};
  }
  void reap(Child) override {}
  Result<void> save(const SaveRequest& request, const EngineProcess& process) override {
    last_process = process;
    return on_save ? on_save(request) : ok();
  }
  Result<void> finish(const FinishRequest& request, const EngineProcess& process, int) override {
    finishes.push_back(request);
    last_process = process;
    return ok();
  }
  Result<void> epilog(const EpilogRequest& request, const EngineProcess& process) override {
    epilogs.push_back(request);
    last_process = process;
    return ok();
  }
};

}  // namespace pyxis::spank
