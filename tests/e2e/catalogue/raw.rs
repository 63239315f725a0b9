//! A server that is a function from requests to bytes, for what no honest server sends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use serde_json::Value;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) model: String,
    /// How many requests for this model came before.
    pub(super) nth: usize,
}

/// What becomes of the connection.
pub(super) enum Then {
    Keep,
    Close,
}

/// A listening server; dropping it ends every connection.
pub(super) struct Raw {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    asked: Mutex<Vec<Asked>>,
    open: Mutex<Vec<TcpStream>>,
    stopping: AtomicBool,
}

impl Raw {
    /// Answers each request with what the function writes.
    pub(super) fn start(answer: impl Fn(&Asked, &mut TcpStream) -> Then + Send + Sync + 'static) -> Self {
        Self::accept(move |shared, stream| serve(shared, stream, &answer))
    }

    /// Answers each request for the model of this number with these bytes, and closes.
    pub(super) fn bytes(replies: Vec<Vec<u8>>) -> Self {
        Self::start(move |asked, stream| {
            let number = asked.model.trim_start_matches('m').parse::<usize>().expect("a number");
            // The client may leave before all is written.
            drop(stream.write_all(&replies[number]));
            Then::Close
        })
    }

    /// Does this with each connection, whatever comes over it.
    pub(super) fn connections(act: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::accept(move |_, stream| act(stream))
    }

    fn accept(act: impl Fn(&Shared, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (shared, act) = (Arc::<Shared>::default(), Arc::new(act));
        let accepting = Arc::clone(&shared);
        let listener = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if accepting.stopping.load(Ordering::SeqCst) {
                    return;
                }
                lock(&accepting.open).push(stream.try_clone().expect("a second handle"));
                let (serving, act) = (Arc::clone(&accepting), Arc::clone(&act));
                thread::spawn(move || act(&serving, stream));
            }
        });
        Self { address, shared, listener: Some(listener) }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked, in the order of arrival.
    pub(super) fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }

    /// How many connections were made.
    pub(super) fn connected(&self) -> usize {
        lock(&self.shared.open).len()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // The listener waits for somebody; a connection wakes it.
        drop(TcpStream::connect(self.address));
        if let Some(listener) = self.listener.take() {
            drop(listener.join());
        }
        for stream in lock(&self.shared.open).drain(..) {
            // It may be closed already.
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(shared: &Shared, mut stream: TcpStream, answer: &impl Fn(&Asked, &mut TcpStream) -> Then) {
    stream.set_nodelay(true).expect("a socket");
    let mut input = BufReader::new(stream.try_clone().expect("a second handle"));
    while let Some(body) = request(&mut input) {
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let model = body["model"].as_str().unwrap_or_default().to_owned();
        let asked = {
            let mut all = lock(&shared.asked);
            let nth = all.iter().filter(|asked| asked.model == model).count();
            all.push(Asked { model, nth });
            all[all.len() - 1].clone()
        };
        if let Then::Close = answer(&asked, &mut stream) {
            // The handle that ends the connection with the server would keep it open.
            drop(stream.shutdown(Shutdown::Both));
            return;
        }
    }
}

/// The body of one request; `None` when the client has left.
fn request(input: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if input.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.trim().parse().ok()?];
    input.read_exact(&mut body).ok()?;
    Some(body)
}
