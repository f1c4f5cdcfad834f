"""What PyTorch does first, without PyTorch: all ranks meet at MASTER_ADDR:MASTER_PORT, as RANK of WORLD_SIZE, and each is told how
many took part and on how many nodes. It fails where these are not those of the step."""
import contextlib
import os
import signal
import socket

rank, world_size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
address = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])


def door(of_rank):
    """Opens when rank 0 listens: a named pipe in the working directory, which whoever comes first makes."""
    path = f".door-{os.environ['SLURM_JOB_ID']}.{os.environ['SLURM_STEP_ID']}-{of_rank}"
    with contextlib.suppress(FileExistsError):
        os.mkfifo(path)
    return path


signal.alarm(120)
if rank == 0:
    server = socket.create_server(("", address[1]))
    others = []
    for other in range(1, world_size):
        with open(door(other), "w"):
            pass
        others.append(server.accept()[0])
    said = [other.recv(100).decode().split() for other in others] + [[os.environ["LOCAL_RANK"], os.environ["SLURMD_NODENAME"]]]
    answer = f"{len(set(map(tuple, said)))} {len({node for _, node in said})}"
    for other in others:
        other.sendall(answer.encode())
else:
    with open(door(rank)):
        os.unlink(door(rank))
    with socket.create_connection(address) as server:
        server.sendall(f"{os.environ['LOCAL_RANK']} {os.environ['SLURMD_NODENAME']}".encode())
        answer = server.recv(100).decode()
print(f"rank {rank} of {world_size}: {answer.split()[0]} took part on {answer.split()[1]} nodes")
assert answer == f"{os.environ['SLURM_NTASKS']} {os.environ['SLURM_NNODES']}", answer
