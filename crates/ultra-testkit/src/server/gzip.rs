//! A gzip stream of nothing but blanks, packed as tightly as the format allows with its fixed codes.

/// `mib` MiB of blanks.
pub(super) fn blanks(mib: usize) -> Vec<u8> {
    let size = mib << 20;
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut bits = Bits::default();
    // One final block with the fixed codes: a blank, then copies of the byte before, 258 at a time.
    bits.put(0b011, 3);
    bits.code(0x30 + 0x20, 8);
    let mut left = size - 1;
    while left >= 258 {
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
        left -= 258;
    }
    (0..left).for_each(|_| bits.code(0x30 + 0x20, 8));
    bits.code(0, 7);
    out.extend(bits.end());
    out.extend(checksum(size).to_le_bytes());
    out.extend(u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
    out
}

/// CRC-32 of so many blanks.
fn checksum(size: usize) -> u32 {
    let mut table = [0_u32; 256];
    for (byte, entry) in (0_u32..).zip(&mut table) {
        *entry = (0..8).fold(byte, |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 });
    }
    !(0..size).fold(!0, |crc: u32, _| table[usize::from(crc.to_le_bytes()[0] ^ b' ')] ^ (crc >> 8))
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    /// Appends bits, the lowest first.
    fn put(&mut self, bits: u32, count: u32) {
        self.pending |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.pending.to_le_bytes()[0]);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Appends a Huffman code, the highest bit first.
    fn code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    fn end(mut self) -> Vec<u8> {
        self.put(0, (8 - self.count) % 8);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    #[test]
    fn gunzip_unpacks_it() {
        let mut gunzip = Command::new("gzip")
            .arg("-dc")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("gzip is installed");
        let packed = super::blanks(1);
        assert!(packed.len() < 7_000, "{}", packed.len());
        let mut stdin = gunzip.stdin.take().expect("a pipe");
        std::thread::spawn(move || stdin.write_all(&packed));
        let out = gunzip.wait_with_output().expect("ends");
        assert!(out.status.success() && out.stdout.len() == 1 << 20 && out.stdout.iter().all(|b| *b == b' '));
    }
}
