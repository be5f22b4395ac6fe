//! The codec pcodec for C: one stream of numbers of one type, encoded and decoded whole.
//!
//! Every function gives false, and says why, where it can't do what it should; a panic of the crate
//! is caught and said in the same way. What is decoded never exceeds `count` numbers, and what a
//! stream claims is looked at before memory is reserved for it.
//! `src/gridmill/codec/pcodec_library.cc` has the same declarations.

use std::any::Any;
use std::ffi::{c_char, c_void};
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::sync::Once;

use half::f16;
use pco::data_types::Number;
use pco::standalone::{simple_compress, DecompressorItem, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, ModeSpec, PagingSpec};

#[repr(C)]
pub struct Settings {
    level: u32,
    is_classic: u32,
    delta: u32, // 0: auto, 1: none, 2: consecutive of this order, 3: lookback
    order: u32,
    page: u64, // numbers
}

/// Where the reason of a failure goes, as a C string.
#[repr(C)]
pub struct Reason {
    text: *mut c_char,
    size: usize,
}

type Outcome<T> = Result<T, String>;

/// Calls a function for the numbers that `kind` (a stream's own byte for them) stands for.
macro_rules! for_kind {
    ($kind:expr, $function:ident($($argument:expr),*)) => {
        match $kind {
            1 => $function::<u32>($($argument),*),
            2 => $function::<u64>($($argument),*),
            3 => $function::<i32>($($argument),*),
            4 => $function::<i64>($($argument),*),
            5 => $function::<f32>($($argument),*),
            6 => $function::<f64>($($argument),*),
            7 => $function::<u16>($($argument),*),
            8 => $function::<i16>($($argument),*),
            9 => $function::<f16>($($argument),*),
            other => Err(format!("{other} is no kind of numbers")),
        }
    };
}

/// What encoders look back on is half of that at most, as a power of two.
const MOST_LOOKBACK_LOG: usize = 16;

/// Bits of a stream, where the lowest come first; none where it is cut short.
fn bits(bytes: &[u8], at: usize, count: usize) -> Option<usize> {
    (0..count).try_fold(0, |value, i| {
        let byte = bytes.get((at + i) / 8)?;
        Some(value | usize::from((byte >> ((at + i) % 8)) & 1) << i)
    })
}

/// The head of a chunk says how many numbers it has, how large its dictionary is and how far it
/// looks back, and the crate reserves memory (up to 256 MiB) for those before it reads on. None: it
/// ends too early, or has what the crate refuses.
fn claims_fit(chunk: &[u8], number_bytes: usize, major: u8, most: usize) -> Option<bool> {
    let numbers = bits(chunk, 8, 24)? + 1;
    let mode = 32;
    let (words, delta) = match bits(chunk, mode, 4)? {
        0 => (0, mode + 4),
        1 | 2 => (0, mode + 4 + 8 * number_bytes),
        3 => (0, mode + 4 + 8),
        4 => {
            let words = bits(chunk, mode + 4, 25)?;
            (words, mode + 32 + 8 * number_bytes * words)
        }
        _ => return None,
    };
    if numbers > most || words > numbers {
        return Some(false);
    }
    let looks_back = major >= 3 && bits(chunk, delta, 4)? == 2;
    Some(!looks_back || bits(chunk, delta + 4, 5)? < MOST_LOOKBACK_LOG)
}

fn decode<T: Number>(stored: &[u8], out: *mut c_void, count: usize) -> Outcome<()> {
    let out = numbers_at::<T>(out, count)?;
    let (file, mut rest) = FileDecompressor::new(stored).map_err(|error| error.message)?;
    let (major, number_bytes) = (file.format_version().major, std::mem::size_of::<T>());
    let mut done = 0;
    loop {
        let is_end = rest.first() == Some(&0);
        if !is_end && claims_fit(rest, number_bytes, major, count - done) == Some(false) {
            return Err(format!("it claims to hold more than {count} numbers have"));
        }
        match file
            .chunk_decompressor::<T, &[u8]>(rest)
            .map_err(|error| error.message)?
        {
            DecompressorItem::EndOfData(behind) => {
                if done != count {
                    return Err(format!("{done} numbers instead of {count}"));
                }
                if !behind.is_empty() {
                    return Err(format!("{} bytes behind its end", behind.len()));
                }
                return Ok(());
            }
            DecompressorItem::Chunk(mut chunk) => {
                let end = done + chunk.n();
                if end > count {
                    return Err(format!("{end} numbers or more instead of {count}"));
                }
                let progress = chunk
                    .read(&mut out[done..end])
                    .map_err(|error| error.message)?;
                if done + progress.n_processed != end {
                    return Err("it ends before its numbers do".into());
                }
                done = end;
                rest = chunk.into_src();
            }
        }
    }
}

fn encode<T: Number>(settings: &Settings, elements: *mut c_void, count: usize) -> Outcome<Vec<u8>> {
    let numbers = numbers_at::<T>(elements, count)?;
    let delta = match settings.delta {
        0 => DeltaSpec::Auto,
        1 => DeltaSpec::NoOp,
        2 => DeltaSpec::TryConsecutive(settings.order as usize),
        3 => DeltaSpec::TryLookback,
        other => return Err(format!("{other} is no way of taking differences")),
    };
    let mode = if settings.is_classic != 0 {
        ModeSpec::Classic
    } else {
        ModeSpec::Auto
    };
    let config = ChunkConfig::default()
        .with_compression_level(settings.level as usize)
        .with_mode_spec(mode)
        .with_delta_spec(delta)
        .with_paging_spec(PagingSpec::EqualPagesUpTo(settings.page as usize));
    simple_compress(numbers, &config).map_err(|error| error.message)
}

/// The caller has `count` numbers there, and nobody else sees them meanwhile.
fn numbers_at<'a, T: Number>(at: *mut c_void, count: usize) -> Outcome<&'a mut [T]> {
    let at = at.cast::<T>();
    if at.is_null() || !at.is_aligned() {
        return Err("the numbers are not aligned in memory".into());
    }
    Ok(unsafe { std::slice::from_raw_parts_mut(at, count) })
}

fn what_panicked(panic: Box<dyn Any + Send>) -> String {
    let text = match panic.downcast_ref::<String>() {
        Some(text) => text.as_str(),
        None => panic.downcast_ref::<&str>().copied().unwrap_or("panic"),
    };
    format!("the decoder or encoder has failed: {text}")
}

fn say(reason: &Reason, text: &str) {
    let bytes = text.as_bytes();
    let length = bytes.len().min(reason.size.saturating_sub(1));
    unsafe {
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), reason.text.cast::<u8>(), length);
        *reason.text.add(length) = 0;
    }
}

/// Whatever happens inside, it ends here, and standard error is told nothing.
fn guarded(reason: &Reason, work: impl FnOnce() -> Outcome<()>) -> bool {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| set_hook(Box::new(|_| {})));
    let outcome =
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(what_panicked(panic)));
    if let Err(text) = &outcome {
        say(reason, text);
    }
    outcome.is_ok()
}

/// # Safety
/// `stored` has `stored_size` bytes, `out` room for `count` numbers of the kind.
#[no_mangle]
pub unsafe extern "C" fn gridmill_pcodec_decode(
    kind: u32,
    stored: *const u8,
    stored_size: usize,
    out: *mut c_void,
    count: usize,
    reason: Reason,
) -> bool {
    let stored = std::slice::from_raw_parts(stored, stored_size);
    guarded(&reason, || for_kind!(kind, decode(stored, out, count)))
}

/// # Safety
/// `elements` has `count` numbers of the kind, `out` room for `capacity` bytes.
#[no_mangle]
pub unsafe extern "C" fn gridmill_pcodec_encode(
    kind: u32,
    settings: *const Settings,
    elements: *const c_void,
    count: usize,
    out: *mut u8,
    capacity: usize,
    size: *mut usize,
    reason: Reason,
) -> bool {
    guarded(&reason, || {
        let encoded = for_kind!(kind, encode(&*settings, elements.cast_mut(), count))?;
        if encoded.len() > capacity {
            return Err(format!(
                "{} bytes do not fit into {capacity}",
                encoded.len()
            ));
        }
        std::ptr::copy_nonoverlapping(encoded.as_ptr(), out, encoded.len());
        *size = encoded.len();
        Ok(())
    })
}

/// No stream of so many numbers of `bytes` bytes each, `page` of them at a time, is larger.
#[no_mangle]
pub extern "C" fn gridmill_pcodec_bound(bytes: u32, count: u64, page: u64) -> u64 {
    use pco::standalone::guarantee;
    let pages = count.div_ceil(page.max(1)).max(1);
    let most = count.div_ceil(pages) as usize;
    let chunk = match bytes {
        2 => guarantee::chunk_size::<u16>(most),
        4 => guarantee::chunk_size::<u32>(most),
        _ => guarantee::chunk_size::<u64>(most),
    };
    guarantee::header_size() as u64 + pages * chunk as u64 + 1
}
