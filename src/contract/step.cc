#include "contract/step.h"

namespace pyxis {
namespace {

// Which message a body holds; the first two numbers of each are the version and this.
enum class Body : uint64_t { start = 1, finish, event, join, epilog, save };

MessageWriter begin(Body body) {
  MessageWriter writer;
  writer.number(contract_version);
  writer.number(static_cast<uint64_t>(body));
  return writer;
}

Result<void> expect(MessageReader& reader, Body body) {
  uint64_t version = TRY(reader.number());
  if (version != contract_version)
    return fail("plugin and engine are of different releases (contract " + std::to_string(version) + " and " +
                    std::to_string(contract_version) + ")",
                "install spank_pyxis.so and pyxis from one release and restart slurmd");
  if (TRY(reader.number()) != static_cast<uint64_t>(body)) return sys_error("unexpected message", EBADMSG);
  return ok();
}

Result<void> expect_end(const MessageReader& reader) {
  if (!reader.at_end()) return sys_error("message too long", EBADMSG);
  return ok();
}

template <class Enum>
Result<Enum> read_enum(MessageReader& reader, Enum last) {
  uint64_t value = TRY(reader.number());
  if (value > static_cast<uint64_t>(last)) return sys_error("value out of range in message", EBADMSG);
  return static_cast<Enum>(value);
}

template <class Enum>
void write_enum(MessageWriter& writer, Enum value) {
  writer.number(static_cast<uint64_t>(value));
}

// unset, no, yes
void write_choice(MessageWriter& writer, std::optional<bool> choice) {
  writer.number(choice ? 1 + *choice : 0);
}

Result<std::optional<bool>> read_choice(MessageReader& reader) {
  uint64_t value = TRY(reader.number());
  if (value > 2) return sys_error("value out of range in message", EBADMSG);
  if (value == 0) return std::optional<bool>();
  return std::optional<bool>(value == 2);
}

void write_mounts(MessageWriter& writer, const std::vector<MountRequest>& mounts) {
  writer.number(mounts.size());
  for (const auto& mount : mounts) writer.texts({mount.source, mount.target, mount.flags});
}

Result<std::vector<MountRequest>> read_mounts(MessageReader& reader) {
  std::vector<MountRequest> mounts;
  for (uint64_t left = TRY(reader.number()); left > 0; --left) {
    auto fields = TRY(reader.texts());
    if (fields.size() != 3) return sys_error("malformed mount in message", EBADMSG);
    mounts.push_back({fields[0], fields[1], fields[2]});
  }
  return mounts;
}

void write_started(MessageWriter& writer, const Started& started) {
  writer.number(started.attached);
  writer.texts(started.env);
  writer.texts(started.env_unset);
  writer.text(started.workdir);
  writer.text(started.control_socket);
  writer.number(started.namespaces.size());
  for (auto kind : started.namespaces) write_enum(writer, kind);
}

Result<Started> read_started(MessageReader& reader) {
  Started started;
  started.attached = TRY(reader.number()) != 0;
  started.env = TRY(reader.texts());
  started.env_unset = TRY(reader.texts());
  started.workdir = TRY(reader.text());
  started.control_socket = TRY(reader.text());
  for (uint64_t left = TRY(reader.number()); left > 0; --left)
    started.namespaces.push_back(TRY(read_enum(reader, Namespace::pid)));
  return started;
}

}  // namespace

std::string StartRequest::encode() const {
  auto writer = begin(Body::start);
  writer.text(container);
  writer.number(temporary);
  write_enum(writer, mode);
  writer.text(image);
  writer.number(image_good_for);
  writer.text(importer);
  write_mounts(writer, mounts);
  writer.text(workdir);
  writer.text(save_path);
  for (auto choice : {mount_home, remap_root, writable, entrypoint}) write_choice(writer, choice);
  writer.number(entrypoint_log);
  for (const auto* list : {&env_names, &unshare, &job_env, &command}) writer.texts(*list);
  writer.text(runtime_dir);
  writer.number(job_id);
  writer.number(step_id);
  writer.number(static_cast<uint64_t>(owner_pid));
  writer.text(image_digest);
  writer.texts(devices);
  writer.number(devices_by_default);
  writer.texts(env_unset);
  return writer.take();
}

Result<StartRequest> StartRequest::decode(std::string_view body) {
  MessageReader reader(body);
  TRY(expect(reader, Body::start));
  StartRequest request;
  request.container = TRY(reader.text());
  request.temporary = TRY(reader.number()) != 0;
  request.mode = TRY(read_enum(reader, NameMode::no_exec));
  request.image = TRY(reader.text());
  request.image_good_for = TRY(reader.number());
  request.importer = TRY(reader.text());
  request.mounts = TRY(read_mounts(reader));
  request.workdir = TRY(reader.text());
  request.save_path = TRY(reader.text());
  for (auto* choice : {&request.mount_home, &request.remap_root, &request.writable, &request.entrypoint})
    *choice = TRY(read_choice(reader));
  request.entrypoint_log = TRY(reader.number()) != 0;
  for (auto* list : {&request.env_names, &request.unshare, &request.job_env, &request.command})
    *list = TRY(reader.texts());
  request.runtime_dir = TRY(reader.text());
  request.job_id = TRY(reader.number());
  request.step_id = TRY(reader.number());
  request.owner_pid = static_cast<int64_t>(TRY(reader.number()));
  request.image_digest = TRY(reader.text());
  request.devices = TRY(reader.texts());
  request.devices_by_default = TRY(reader.number()) != 0;
  request.env_unset = TRY(reader.texts());
  TRY(expect_end(reader));
  return request;
}

std::string SaveRequest::encode() const {
  auto writer = begin(Body::save);
  writer.texts({container, path, runtime_dir});
  return writer.take();
}

Result<SaveRequest> SaveRequest::decode(std::string_view body) {
  MessageReader reader(body);
  TRY(expect(reader, Body::save));
  auto texts = TRY(reader.texts());
  TRY(expect_end(reader));
  if (texts.size() != 3) return sys_error("unexpected message", EBADMSG);
  return SaveRequest{texts[0], texts[1], texts[2]};
}

std::string FinishRequest::encode() const {
  auto writer = begin(Body::finish);
  writer.text(container);
  writer.text(control_socket);
  writer.number(temporary);
  writer.text(runtime_dir);
  writer.text(importer);
  return writer.take();
}

Result<FinishRequest> FinishRequest::decode(std::string_view body) {
  MessageReader reader(body);
  TRY(expect(reader, Body::finish));
  FinishRequest request;
  request.container = TRY(reader.text());
  request.control_socket = TRY(reader.text());
  request.temporary = TRY(reader.number()) != 0;
  request.runtime_dir = TRY(reader.text());
  request.importer = TRY(reader.text());
  TRY(expect_end(reader));
  return request;
}

std::string EpilogRequest::encode() const {
  auto writer = begin(Body::epilog);
  writer.text(name_prefix);
  writer.number(temporary_only);
  writer.text(runtime_dir);
  writer.number(job_id);
  return writer.take();
}

Result<EpilogRequest> EpilogRequest::decode(std::string_view body) {
  MessageReader reader(body);
  TRY(expect(reader, Body::epilog));
  EpilogRequest request;
  request.name_prefix = TRY(reader.text());
  request.temporary_only = TRY(reader.number()) != 0;
  request.runtime_dir = TRY(reader.text());
  request.job_id = TRY(reader.number());
  TRY(expect_end(reader));
  return request;
}

std::string Event::encode() const {
  auto writer = begin(Body::event);
  write_enum(writer, kind);
  writer.text(text);
  write_enum(writer, phase);
  write_started(writer, started);
  return writer.take();
}

Result<Event> Event::decode(std::string_view body) {
  MessageReader reader(body);
  TRY(expect(reader, Body::event));
  Event event;
  event.kind = TRY(read_enum(reader, Kind::progress));
  event.text = TRY(reader.text());
  event.phase = TRY(read_enum(reader, Phase::argument));
  event.started = TRY(read_started(reader));
  TRY(expect_end(reader));
  return event;
}

std::string JoinRequest::encode() const {
  return begin(Body::join).take();
}

Result<JoinRequest> JoinRequest::decode(std::string_view body) {
  MessageReader reader(body);
  TRY(expect(reader, Body::join));
  TRY(expect_end(reader));
  return JoinRequest{};
}

}  // namespace pyxis
