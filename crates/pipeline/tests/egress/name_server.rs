//! A name server on this machine, for the real resolver to ask.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// What is known of a name.
#[derive(Clone)]
pub(crate) enum Says {
    Addresses(Vec<std::net::IpAddr>),
    /// This name is another's alias.
    Alias(&'static str),
    Code(ResponseCode),
    Nothing,
}

/// Answers over UDP until it is dropped.
pub(crate) struct NameServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl NameServer {
    /// Knows only what `says` knows of a name in lower case without its final dot.
    pub(crate) async fn start(says: fn(&str) -> Says) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&asked);
        let serving = tokio::spawn(async move {
            let mut buffer = [0; 4096];
            loop {
                let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
                let question = Message::from_vec(&buffer[..length]).unwrap();
                let name = question.queries[0].name().to_string().to_lowercase().trim_end_matches('.').to_owned();
                heard.lock().unwrap().push(name.clone());
                if let Some(answer) = answer(&question, says(&name)) {
                    socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
                }
            }
        });
        NameServer { address, asked, serving }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The names that were asked for, each once, sorted.
    pub(crate) fn asked(&self) -> Vec<String> {
        let mut names = self.asked.lock().unwrap().clone();
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(crate) fn questions(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn answer(question: &Message, says: Says) -> Option<Message> {
    let query = question.queries[0].clone();
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    let mut add = |data| answer.answers.push(Record::from_rdata(query.name().clone(), 60, data));
    match says {
        Says::Addresses(addresses) => {
            for address in addresses {
                match (address, query.query_type()) {
                    (std::net::IpAddr::V4(address), RecordType::A) => add(RData::A(A(address))),
                    (std::net::IpAddr::V6(address), RecordType::AAAA) => add(RData::AAAA(AAAA(address))),
                    _ => {}
                }
            }
        }
        Says::Alias(name) => add(RData::CNAME(CNAME(Name::from_ascii(name).unwrap()))),
        Says::Code(code) => answer.metadata.response_code = code,
        Says::Nothing => return None,
    }
    answer.queries.push(query);
    Some(answer)
}
