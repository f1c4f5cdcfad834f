"""What PyTorch does first, without PyTorch: all ranks meet at MASTER_ADDR:MASTER_PORT, as RANK of WORLD_SIZE, and each is told how
many took part and on how many nodes. It fails where these are not those of the step."""
import os
import socket
import time

rank, world_size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
address = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
DEADLINE = time.monotonic() + 60


def connect():
    """Nobody knows when rank 0 listens; PyTorch tries again, too."""
    while True:
        try:
            return socket.create_connection(address, timeout=60)
        except ConnectionRefusedError:
            if time.monotonic() > DEADLINE:
                raise
            time.sleep(0.05)


if rank == 0:
    server = socket.create_server(("", address[1]))
    server.settimeout(60)
    others = [server.accept()[0] for _ in range(world_size - 1)]
    said = [other.recv(100).decode().split() for other in others] + [[os.environ["LOCAL_RANK"], os.environ["SLURMD_NODENAME"]]]
    answer = f"{len(set(map(tuple, said)))} {len({node for _, node in said})}"
    for other in others:
        other.sendall(answer.encode())
else:
    with connect() as server:
        server.sendall(f"{os.environ['LOCAL_RANK']} {os.environ['SLURMD_NODENAME']}".encode())
        answer = server.recv(100).decode()
print(f"rank {rank} of {world_size}: {answer.split()[0]} took part on {answer.split()[1]} nodes")
assert answer == f"{os.environ['SLURM_NTASKS']} {os.environ['SLURM_NNODES']}", answer
