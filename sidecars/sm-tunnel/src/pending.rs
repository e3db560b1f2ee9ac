//! Seats for those who have not proved who they are: when all are taken, one who keeps still makes room.
//!
//! As long as guests get through, nobody has to leave: then it is the machine that is slow and not the guest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

/// After a guest has got through, how long the others are safe.
const FLOWING: Duration = Duration::from_millis(250);

struct Guest {
    /// When it came, or when last it moved.
    since: Instant,
    may_be_evicted: bool,
    leave: oneshot::Sender<()>,
}

struct Guests {
    next: u64,
    last_success: Option<Instant>,
    seated: BTreeMap<u64, Guest>,
}

pub struct Room {
    seats: usize,
    /// How long a guest that keeps still is safe from making room for another.
    grace: Duration,
    guests: Mutex<Guests>,
    freed: Notify,
}

/// Given back when dropped.
pub struct Seat {
    room: Arc<Room>,
    number: u64,
    leave: oneshot::Receiver<()>,
}

impl Room {
    pub fn new(seats: usize, grace: Duration) -> Arc<Room> {
        let guests = Mutex::new(Guests { next: 0, last_success: None, seated: BTreeMap::new() });
        Arc::new(Room { seats, grace, guests, freed: Notify::new() })
    }

    pub fn taken(&self) -> usize {
        self.lock().seated.len()
    }

    /// Waits only while every seat is taken by somebody who must not be asked to leave (yet).
    pub async fn enter(self: &Arc<Room>) -> Seat {
        loop {
            let freed = self.freed.notified();
            match self.try_enter() {
                Ok(seat) => return seat,
                Err(Some(until)) => drop(timeout_at(until, freed).await),
                Err(None) => freed.await,
            }
        }
    }

    /// The error says when the next guest may be evicted, where there is one.
    fn try_enter(self: &Arc<Room>) -> Result<Seat, Option<Instant>> {
        let mut guests = self.lock();
        if guests.seated.len() >= self.seats {
            let still = guests.seated.iter().filter(|(_, guest)| guest.may_be_evicted);
            let oldest = still.min_by_key(|(_, guest)| guest.since);
            let (number, grace_ends) = oldest.map(|(number, guest)| (*number, guest.since + self.grace)).ok_or(None)?;
            let safe_until = guests.last_success.map_or(grace_ends, |success| grace_ends.max(success + FLOWING));
            if safe_until > Instant::now() {
                return Err(Some(safe_until));
            }
            if let Some(guest) = guests.seated.remove(&number) {
                // Nobody listens any more where the guest is just leaving by itself.
                let _ = guest.leave.send(());
            }
        }
        let number = guests.next;
        guests.next += 1;
        let (leave, receiver) = oneshot::channel();
        guests.seated.insert(number, Guest { since: Instant::now(), may_be_evicted: true, leave });
        Ok(Seat { room: self.clone(), number, leave: receiver })
    }

    fn lock(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// From now on this guest is not asked to leave.
    pub fn keep(&self) {
        if let Some(guest) = self.room.lock().seated.get_mut(&self.number) {
            guest.may_be_evicted = false;
        }
    }

    /// What tells that this guest has moved.
    pub fn mover(&self) -> Mover {
        Mover { room: self.room.clone(), number: self.number }
    }

    /// This guest has proved who it is.
    pub fn succeeded(&self) {
        self.room.lock().last_success = Some(Instant::now());
    }

    /// Ready when this guest has to make room.
    pub async fn evicted(&mut self) {
        if (&mut self.leave).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Starts a guest's grace again.
pub struct Mover {
    room: Arc<Room>,
    number: u64,
}

impl Mover {
    pub fn moved(&self) {
        if let Some(guest) = self.room.lock().seated.get_mut(&self.number) {
            guest.since = Instant::now();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.lock().seated.remove(&self.number);
        self.room.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_still_guest_makes_room() {
        let room = Room::new(2, Duration::ZERO);
        let first = room.enter().await;
        first.keep();
        let mut second = room.enter().await;
        let _third = room.enter().await;
        second.evicted().await;
        assert_eq!(room.taken(), 2);
        drop(second);
        assert_eq!(room.taken(), 2, "an evicted guest has no seat to give back");
    }

    #[tokio::test]
    async fn a_guest_is_safe_during_its_grace() {
        let room = Room::new(1, Duration::from_secs(3600));
        let seat = room.enter().await;
        assert!(matches!(room.try_enter(), Err(Some(_))));
        let waiting = tokio::spawn({
            let room = room.clone();
            async move { room.enter().await }
        });
        drop(seat);
        waiting.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_has_to_leave_while_others_get_through() {
        let room = Room::new(2, Duration::ZERO);
        let mut still = room.enter().await;
        let quick = room.enter().await;
        quick.succeeded();
        assert!(matches!(room.try_enter(), Err(Some(_))));
        tokio::time::advance(FLOWING).await;
        let _next = room.enter().await;
        still.evicted().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_that_moves_is_safe_again() {
        let room = Room::new(2, Duration::from_secs(1));
        let first = room.enter().await;
        let mut second = room.enter().await;
        tokio::time::advance(Duration::from_secs(1)).await;
        first.mover().moved();
        let _third = room.enter().await;
        second.evicted().await;
    }

    #[tokio::test]
    async fn those_who_are_kept_are_waited_for() {
        let room = Room::new(1, Duration::ZERO);
        let seat = room.enter().await;
        seat.keep();
        assert!(matches!(room.try_enter(), Err(None)));
        drop(seat);
        room.enter().await;
    }
}
