// The standard workload in ns-3: clients open a connection each, 100 octets go each way, the client closes first and
// holds TIME-WAIT. Arrivals are Poisson, 10,000 a second; each client machine has a link of 10 ms to the server.
//
//     lives --connections=10000 --loss=0.05 --machines=1 --time-wait=240 [--plain] [--scheduler=ns3::MapScheduler]
//
// It prints one line: what it did, so that one sees that it was the workload, and what that took.

#include "ns3/core-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"
#include "ns3/point-to-point-module.h"
#include "ns3/traffic-control-module.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

using namespace ns3;

namespace
{

constexpr uint16_t PORT = 80;
constexpr uint32_t OCTETS = 100;

/// What came of all connections.
struct
{
    uint64_t connected;
    uint64_t failed;
    uint64_t accepted;
    uint64_t clientOctets;
    uint64_t serverOctets;
    uint64_t clientClosed;
    uint64_t serverClosed;
    uint64_t errors;
} done;

// The server: takes 100 octets, sends 100, closes when the client has.

void
ServerReceives(Ptr<Socket> socket)
{
    while (Ptr<Packet> packet = socket->Recv())
    {
        if (packet->GetSize() == 0)
        {
            return; // The end of data.
        }
        done.serverOctets += packet->GetSize();
        socket->Send(Create<Packet>(OCTETS));
    }
}

void
ServerCloses(Ptr<Socket> socket)
{
    done.serverClosed++;
    socket->Close();
}

void
Fails(Ptr<Socket>)
{
    done.errors++;
}

void
Accepts(Ptr<Socket> socket, const Address&)
{
    done.accepted++;
    socket->SetRecvCallback(MakeCallback(&ServerReceives));
    socket->SetCloseCallbacks(MakeCallback(&ServerCloses), MakeCallback(&Fails));
}

// A client: connects, sends 100 octets, takes 100, closes.

void
Connected(Ptr<Socket> socket)
{
    done.connected++;
    socket->Send(Create<Packet>(OCTETS));
}

void
ConnectFails(Ptr<Socket>)
{
    done.failed++;
}

void
ClientReceives(Ptr<Socket> socket)
{
    while (Ptr<Packet> packet = socket->Recv())
    {
        if (packet->GetSize() == 0)
        {
            return;
        }
        done.clientOctets += packet->GetSize();
        socket->Close();
    }
}

/// The server's FIN has come.
void
ClientCloses(Ptr<Socket>)
{
    done.clientClosed++;
}

/// Sessions arrive one after the other, dealt over the machines in turn.
struct Arrivals
{
    NodeContainer machines;
    std::vector<Address> servers; //!< The server's address on each machine's link.
    uint64_t left;
    uint64_t begun = 0;
    Ptr<ExponentialRandomVariable> gap = CreateObject<ExponentialRandomVariable>();

    void Next()
    {
        const auto machine = begun++ % machines.GetN();
        Ptr<Socket> socket = Socket::CreateSocket(machines.Get(machine), TcpSocketFactory::GetTypeId());
        socket->SetConnectCallback(MakeCallback(&Connected), MakeCallback(&ConnectFails));
        socket->SetRecvCallback(MakeCallback(&ClientReceives));
        socket->SetCloseCallbacks(MakeCallback(&ClientCloses), MakeCallback(&Fails));
        socket->Connect(servers[machine]);
        if (--left > 0)
        {
            Simulator::Schedule(Seconds(gap->GetValue()), &Arrivals::Next, this);
        }
    }
};

uint64_t
CpuNanos()
{
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return uint64_t(now.tv_sec) * 1'000'000'000 + uint64_t(now.tv_nsec);
}

/// The most memory this program had, in bytes (Linux).
uint64_t
PeakBytes()
{
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
    {
        if (word == "VmHWM:")
        {
            uint64_t kibibytes;
            status >> kibibytes;
            return kibibytes * 1024;
        }
    }
    return 0;
}

} // namespace

int
main(int argc, char* argv[])
{
    uint64_t connections = 1000;
    uint32_t machines = 1;
    double loss = 0;
    double timeWait = 240;
    bool plain = false;
    std::string scheduler = "ns3::MapScheduler";
    CommandLine cmd;
    cmd.AddValue("connections", "how many in all", connections);
    cmd.AddValue("machines", "client machines", machines);
    cmd.AddValue("loss", "probability that a packet is lost, each way", loss);
    cmd.AddValue("time-wait", "length of TIME-WAIT in seconds", timeWait);
    cmd.AddValue("plain", "without what is optional: options, IPv6, queueing disciplines", plain);
    cmd.AddValue("scheduler", "the event queue", scheduler);
    cmd.Parse(argc, argv);

    Config::SetDefault("ns3::TcpSocketBase::MaxSegLifetime", DoubleValue(timeWait / 2));
    // Nothing is dropped but by the error model.
    Config::SetDefault("ns3::DropTailQueue<Packet>::MaxSize", StringValue("10000000p"));
    if (plain)
    {
        Config::SetDefault("ns3::TcpSocketBase::WindowScaling", BooleanValue(false));
        Config::SetDefault("ns3::TcpSocketBase::Timestamp", BooleanValue(false));
        Config::SetDefault("ns3::TcpSocketBase::Sack", BooleanValue(false));
        Config::SetDefault("ns3::TcpL4Protocol::SocketType", StringValue("ns3::TcpNewReno"));
    }
    ObjectFactory queue;
    queue.SetTypeId(scheduler);
    Simulator::SetScheduler(queue);

    Ptr<Node> server = CreateObject<Node>();
    Arrivals arrivals;
    arrivals.machines.Create(machines);
    arrivals.left = connections;
    arrivals.gap->SetAttribute("Mean", DoubleValue(1e-4));
    InternetStackHelper stack;
    stack.SetIpv6StackInstall(!plain);
    stack.Install(server);
    stack.Install(arrivals.machines);

    PointToPointHelper link;
    link.SetDeviceAttribute("DataRate", StringValue("1000Gbps"));
    link.SetChannelAttribute("Delay", StringValue("10ms"));
    Ipv4AddressHelper addresses("10.0.0.0", "255.255.255.252");
    for (uint32_t machine = 0; machine < machines; machine++)
    {
        NetDeviceContainer devices = link.Install(arrivals.machines.Get(machine), server);
        if (loss > 0)
        {
            for (uint32_t end = 0; end < 2; end++)
            {
                Ptr<RateErrorModel> errors = CreateObject<RateErrorModel>();
                errors->SetUnit(RateErrorModel::ERROR_UNIT_PACKET);
                errors->SetRate(loss);
                devices.Get(end)->SetAttribute("ReceiveErrorModel", PointerValue(errors));
            }
        }
        Ipv4InterfaceContainer interfaces = addresses.Assign(devices);
        addresses.NewNetwork();
        if (plain)
        {
            TrafficControlHelper().Uninstall(devices);
        }
        arrivals.servers.push_back(InetSocketAddress(interfaces.GetAddress(1), PORT));
    }

    Ptr<Socket> listener = Socket::CreateSocket(server, TcpSocketFactory::GetTypeId());
    listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), PORT));
    listener->Listen();
    listener->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(), MakeCallback(&Accepts));

    Simulator::Schedule(Seconds(0), &Arrivals::Next, &arrivals);
    const auto begun = std::chrono::steady_clock::now();
    const uint64_t cpu = CpuNanos();
    Simulator::Run();
    const uint64_t cpuNanos = CpuNanos() - cpu;
    const auto wall = std::chrono::steady_clock::now() - begun;
    std::printf("count=%lu cpu-ns=%lu wall-ns=%ld peak-bytes=%lu events=%lu ended-s=%.3f connected=%lu failed=%lu "
                "accepted=%lu client-octets=%lu server-octets=%lu client-closed=%lu server-closed=%lu errors=%lu\n",
                connections,
                cpuNanos,
                std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count(),
                PeakBytes(),
                Simulator::GetEventCount(),
                Simulator::Now().GetSeconds(),
                done.connected,
                done.failed,
                done.accepted,
                done.clientOctets,
                done.serverOctets,
                done.clientClosed,
                done.serverClosed,
                done.errors);
    Simulator::Destroy();
    // With loss a few clients never hear of the end.
    const bool isDone = done.connected == connections && done.accepted == connections &&
                        done.clientOctets == OCTETS * connections && done.serverOctets == OCTETS * connections &&
                        done.serverClosed == connections && (loss > 0 || done.clientClosed == connections);
    return isDone ? 0 : 1;
}
