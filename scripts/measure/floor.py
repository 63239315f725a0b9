"""The shortest time in which prompts can be answered by an upstream that refuses some of them."""
import heapq

BITS = (1 << 64) - 1


def refusals(mark, share):
    """How often a prompt with this mark is refused before it is answered: as peers/src/bin/upstream/fate.rs draws."""
    prompt = 0xCBF2_9CE4_8422_2325
    for byte in mark.encode():
        prompt = ((prompt ^ byte) * 0x0100_0000_01B3) & BITS
    times = 0
    while times < 2 and unit(prompt + (times + 1) * 0x9E37_79B9_7F4A_7C15 & BITS) < share:
        times += 1
    return times


def unit(bits):
    """A number in [0, 1)."""
    bits = ((bits ^ (bits >> 30)) * 0xBF58_476D_1CE4_E5B9) & BITS
    bits = ((bits ^ (bits >> 27)) * 0x94D0_49BB_1331_11EB) & BITS
    return ((bits ^ (bits >> 31)) >> 11) / (1 << 53)


def floor(refused, calls, latency, wait):
    """Seconds of a client that costs nothing, waits as long as it is told, and holds no place meanwhile.

    `refused` says of each prompt how often it is refused; a refusal takes no time.
    """
    left, waiting, busy, now = list(refused), [(0.0, prompt) for prompt in range(len(refused))], [], 0.0
    while waiting or busy:
        while len(busy) < calls and waiting and waiting[0][0] <= now:
            _, prompt = heapq.heappop(waiting)
            if left[prompt]:
                left[prompt] -= 1
                heapq.heappush(waiting, (now + wait, prompt))
            else:
                heapq.heappush(busy, now + latency)
        ready = waiting[0][0] if waiting and len(busy) < calls else float("inf")
        if busy and busy[0] <= ready:
            now = heapq.heappop(busy)
        else:
            now = ready
    return now
