// Lines of answers and reasons in Chinese. The first that fits is taken: a longer one stands before one that would fit, too.
#include <array>

#include "controller/ctl/language.hpp"

namespace capmap {
namespace {

// "{}" is filled in order, "{0}" and "{1}" with the first and second of the English line.
constexpr auto kPhrases = std::to_array<Phrase>({
    {"resyncing: {} of {} known nodes", "重新同步：已知节点 {1}，已收到 {0}"},
    {"map, as of {}, revision {}, {} old, chip table {}", "地图，截至 {}，修订号 {}，数据龄 {}，芯片表 {}"},
    {"map of {}, chip table {}", "地图，时间 {}，芯片表 {}"},
    {"nothing is known from {} to {}: the controller was not running, or had not heard its nodes",
     "{} 至 {} 之间无数据：控制器未运行，或未收到节点上报"},
    {"used and free are of {} available node", "已用和空闲只计 {} 个可用节点"},
    {"used and free are of {} available nodes", "已用和空闲只计 {} 个可用节点"},
    {"on one node alone at least this is free: {} cores, or {} GiB, or {} accelerators",
     "单个节点上至少空闲：{} 核，或 {} GiB，或 {} 块加速卡"},
    {"on one node alone at least this is free: {}", "单个节点上至少空闲：{}"},
    {"unrated parts are counted above and in no peak: {}, {}, on {}", "未评级部件计入上述数量但不计入峰值：{}、{}，分布于 {}"},
    {"{} node", "{} 个节点"},
    {"{} nodes", "{} 个节点"},
    {"{} node shown, there are more: --limit, or --site, --liveness and --filter",
     "显示 {} 个节点，还有更多：--limit，或 --site、--liveness、--filter"},
    {"{} nodes shown, there are more: --limit, or --site, --liveness and --filter",
     "显示 {} 个节点，还有更多：--limit，或 --site、--liveness、--filter"},
    {"{} nodes, {} of them counted in others: virtual machines inside them, or doubles",
     "{} 个节点，其中 {} 个计入其他节点：其内的虚拟机，或重复者"},
    {"{} node absent", "{} 个节点缺席"},
    {"{} nodes absent", "{} 个节点缺席"},
    {"sites that declare their nodes", "申报了节点数的站点"},
    {"{} node contradicted", "{} 个节点与事实矛盾"},
    {"{} nodes contradicted", "{} 个节点与事实矛盾"},
    {"nobody waits to be let in", "没有等待准入者"},
    {"no key is revoked", "没有被吊销的密钥"},
    {"{} is ready: {}", "{} 已就绪：{}"},
    {"{} is ready", "{} 已就绪"},
    {"{} is up but not ready: {}", "{} 已启动但未就绪：{}"},
    {"{}, each {} s", "{}，每 {} 秒"},
    {"in {}", "见 {}"},
    {"kept in {}; its tokens: capmapctl --profile {} login", "已存入 {}；取得令牌：capmapctl --profile {} login"},
    {"{} is right: the controller takes it as it stands", "{} 正确：控制器可原样采用"},
    {"nothing was changed: say --yes, or --dry-run to look only", "未作更改：请加 --yes，或用 --dry-run 只看"},
    {"nothing was changed", "未作更改"},
    {"nothing was removed", "未删除"},
    {"make {} changes? Type yes: ", "作 {} 处更改？请输入 yes："},
    {"make {} change? Type yes: ", "作 {} 处更改？请输入 yes："},
    {"a node is removed for good: say --yes", "节点将被永久删除：请加 --yes"},
    {"a user is removed with all API tokens: say --yes", "用户及其全部 API 令牌将被删除：请加 --yes"},
    {"a command is needed; capmapctl --help lists them", "需要一个命令；capmapctl --help 列出全部"},
    {"tokens and passwords are not sent over plain HTTP to another machine ({}", "令牌和口令不会经明文 HTTP 发往其他机器（{}"},
    {"{}: no token can be read there", "{}：读不到令牌"},
    {"--watch is for commands that only look: this one would be done again and again", "--watch 只用于只读命令：此命令会被反复执行"},
    {"--watch is for commands that ask a controller", "--watch 只用于访问控制器的命令"},
    {"this command's answer is no table: -o json or -o yaml", "此命令的应答不是表格：请用 -o json 或 -o yaml"},
    {"this command's answer is no JSON: leave -o out", "此命令的应答不是 JSON：请去掉 -o"},
    {"no profile \"{}\" in {}; capmapctl profiles lists them", "{1} 中没有名为 \"{0}\" 的控制器；capmapctl profiles 列出全部"},
    {"no node has the host name \"{}\"; capmapctl nodes lists them", "没有主机名为 \"{}\" 的节点；capmapctl nodes 列出全部"},
    {"more than one node has the host name \"{}\"; name one by its id:{}", "主机名 \"{}\" 对应多个节点；请用编号指明：{}"},
    {"no site is called \"{}\"; see capmapctl sites list", "没有名为 \"{}\" 的站点；见 capmapctl sites list"},
    {"the two passwords differ", "两次口令不同"},
    {"no password was given: type it, or write it to the standard input", "未给出口令：请键入，或写到标准输入"},
    {"nobody is logged in to {} here", "此处没有登录 {}"},
    {"the audit was tampered with: {}", "审计记录被篡改：{}"},
    {"{} thing is broken", "有 {} 处故障"},
    {"{} things are broken", "有 {} 处故障"},
    {"\"{}\" is past", "\"{}\" 已过去"},
    {"Bad Request: {}", "请求有误：{}"},
    {"Unauthorized: {}", "未经认证：{}"},
    {"Forbidden: {}", "无权访问：{}"},
    {"Not Found: {}", "未找到：{}"},
    {"Method Not Allowed: {}", "方法不允许：{}"},
    {"Conflict: {}", "冲突：{}"},
    {"Content Too Large: {}", "内容过大：{}"},
    {"Unsupported Media Type: {}", "不支持的媒体类型：{}"},
    {"Unprocessable Content: {}", "内容无法处理：{}"},
    {"Misdirected Request: {}", "请求发错了对象：{}"},
    {"Too Many Requests: {}", "请求过多：{}"},
    {"Service Unavailable: {}", "服务暂不可用：{}"},
    {"Gateway Timeout: {}", "等待超时：{}"},
    {"Insufficient Storage: {}", "存储空间不足：{}"},
});

}  // namespace

std::span<const Phrase> chinese_lines() {
  return kPhrases;
}

}  // namespace capmap
