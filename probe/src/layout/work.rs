//! Queues and the threads that serve them.

use super::record::record;

record! {
    /// Busy time of the thread in the slot with the same index, doubled: copy `sequence & 1` is the
    /// valid one. Only that thread writes it. Totals go on from one owner of a slot to the next.
    WorkerRecord, WorkerCopy, 256 bytes {
        /// Changes of state so far; 0: this slot never held a worker.
        0x00 sequence,
        /// Queue that it serves, plus 1; 0 for none.
        0x08 queue,
        /// Generation of the slot whose thread last changed state.
        0x10 generation,
        /// Written as zero, ignored by readers.
        0x18 reserved0[5],
        /// One copy: busy clock units up to the last change, stamp of that change, jobs in hand
        /// (0: it is idle since), jobs finished; then of busy periods that ended, from none in hand to none: how
        /// many, the sum of their jobs squared, and that of jobs times clock units (modulo 2^64; all 0 with jobs
        /// finished: a writer of before).
        0x40 even[8],
        /// The other.
        0x80 odd[8],
        /// Written as zero, ignored by readers.
        0xc0 reserved1[8],
    }
}

record! {
    /// One queue. Each line of 64 bytes has writers of its own.
    QueueRecord, QueueCopy, 256 bytes {
        /// Items that entered, ever.
        0x00 arrivals,
        /// Highest depth so far.
        0x08 depth_max,
        /// Written as zero, ignored by readers.
        0x10 reserved0[6],
        /// Items whose service began.
        0x40 starts,
        /// Items that left without service: dropped, superseded, moved.
        0x48 removed,
        /// Written as zero, ignored by readers.
        0x50 reserved1[6],
        /// Items whose service ended.
        0x80 completions,
        /// Written as zero, ignored by readers.
        0x88 reserved2[7],
        /// Arrival stamp of the item at the head, 0 when the queue is empty or does not say.
        0xc0 head,
        /// 1 once the queue ever said: an empty head then means an empty queue.
        0xc8 head_known,
        /// Written as zero, ignored by readers.
        0xd0 reserved3[6],
    }
}
