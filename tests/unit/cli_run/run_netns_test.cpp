// SPDX-License-Identifier: Apache-2.0
// `probity run --engine kernel --netns NAME,…`: programs find the devices, and nothing stays
// behind, even of a process that was killed. Skipped by name where the kernel cannot be used.
#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <set>
#include <thread>

#include "run_fixture.hpp"
#include "runtime/engine.hpp"

namespace probity::cli {
namespace {

namespace fs = std::filesystem;

/// return bpf_redirect(ingress_ifindex, 0) on XDP.
const std::string redirect_program =
    "61 11 0c 00 00 00 00 00  b7 02 00 00 00 00 00 00  85 00 00 00 17 00 00 00"
    "  95 00 00 00 00 00 00 00\n";

class RunNetns : public RunCommand {
 protected:
  void SetUp() override {
    RunCommand::SetUp();
    const std::string reason = runtime::kernel_unavailable_reason();
    if (!reason.empty()) GTEST_SKIP() << "no live kernel: " << reason;
    write("redirect.hex", redirect_program);
    write("packet.hex", "020000000002 020000000001 0806\n");
  }
  Printed run_in(const std::string& network, const std::string& context) const {
    return run({"--raw", "redirect.hex", "--packet", "packet.hex", "--engine", "both", "--netns",
                network, "--ctx", context});
  }
};

std::string target_of(const fs::path& link) {
  std::error_code problem;
  const fs::path target = fs::read_symlink(link, problem);
  return problem ? "" : target.string();
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code problem;
  for (const fs::directory_entry& each : fs::directory_iterator(folder, problem))
    names.insert(each.path().filename());
  return names;
}

/// The network namespace that a process is in or holds open and that is not ours.
std::string held_namespace(pid_t process) {
  const fs::path folder = fs::path("/proc") / std::to_string(process);
  const std::string own = target_of("/proc/self/ns/net");
  if (const std::string in = target_of(folder / "ns" / "net"); in != own) return in;
  for (const std::string& name : names_in(folder / "fd")) {
    const std::string target = target_of(folder / "fd" / name);
    if (target.starts_with("net:[") && target != own) return target;
  }
  return {};
}

/// Whether any process is in this namespace or holds it open.
bool is_referenced(const std::string& space) {
  for (const std::string& process : names_in("/proc")) {
    if (process.find_first_not_of("0123456789") != std::string::npos) continue;
    const fs::path folder = fs::path("/proc") / process;
    if (target_of(folder / "ns" / "net") == space) return true;
    for (const std::string& name : names_in(folder / "fd")) {
      if (target_of(folder / "fd" / name) == space) return true;
    }
  }
  return false;
}

TEST_F(RunNetns, ProgramsRunOnTheDevicesThatWereNamed) {
  const Printed second = run_in("veth0,veth1", "ingress_ifindex=3");
  EXPECT_EQ(second.status, 0) << second.err << second.out;
  EXPECT_NE(second.out.find("XDP_REDIRECT"), std::string::npos) << second.out;
  const Printed chosen = run_in("veth0=9", "ingress_ifindex=9");
  EXPECT_EQ(chosen.status, 0) << chosen.err << chosen.out;
  const Printed twice = run_in("veth0=9,veth1=9", "ingress_ifindex=9");
  EXPECT_EQ(twice.status, 4);
  EXPECT_EQ(twice.err, "interface veth1: ifindex 9 is taken\n");
  const Printed same_name = run_in("veth0,veth0", "ingress_ifindex=2");
  EXPECT_EQ(same_name.status, 4);
  EXPECT_NE(same_name.err.find("EEXIST"), std::string::npos) << same_name.err;
}

/// The exit status of a command in a process that is nobody's; 99 when its message lacks `reason`.
int status_without_root(const std::vector<std::string_view>& words, std::string_view reason) {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t nobody = 65534;
    if (::setresgid(nobody, nobody, nobody) != 0 || ::setresuid(nobody, nobody, nobody) != 0)
      ::_exit(98);
    const Printed printed = run_command(words, report::Color::no);
    ::_exit(printed.err.find(reason) == std::string::npos ? 99 : printed.status);
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

TEST_F(RunNetns, WithoutRootTheEngineIsRefusedByName) {
  fs::permissions(fs::current_path(), fs::perms::others_read | fs::perms::others_exec,
                  fs::perm_options::add);
  write("one.data", "# why\n-- asm\nmov %r0, 1\nexit\n-- result\n0x1\n");
  const std::string_view reason = "the kernel engine needs root";
  EXPECT_EQ(status_without_root({"test", "one.data", "--engine", "kernel"}, reason), 4);
  EXPECT_EQ(
      status_without_root(
          {"run", "--raw", "redirect.hex", "--packet", "packet.hex", "--engine", "kernel"}, reason),
      4);
}

TEST_F(RunNetns, NothingIsLeftOfAKilledProcess) {
  const std::set<std::string> devices = names_in("/sys/class/net");
  const std::set<std::string> named = names_in("/run/netns");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {  // runs for much longer than the test waits
    const Printed printed = run({"--raw", "redirect.hex", "--packet", "packet.hex", "--engine",
                                 "kernel", "--netns", "veth0,veth1", "--repeat", "100000000"});
    ::_exit(printed.status);
  }
  std::string space;
  for (int attempt = 0; attempt < 500 && space.empty(); ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    space = held_namespace(child);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the devices are made by now
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_FALSE(space.empty()) << "the child made no namespace";
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
  EXPECT_FALSE(is_referenced(space)) << space;
  EXPECT_EQ(names_in("/sys/class/net"), devices);
  EXPECT_EQ(names_in("/run/netns"), named);
}

}  // namespace
}  // namespace probity::cli
