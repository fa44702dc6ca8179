package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// keptSuffix tells a compressed copy from a body as it came.
const keptSuffix = ".zst"

// Keep makes a compressed, long-lived copy of a body and checks the octets on the way. The Ref it returns opens to
// the same octets. Keeping a body twice makes one copy.
func (s *Spool) Keep(r Ref) (Ref, error) {
	if err := s.writable(); err != nil {
		return Ref{}, err
	}
	kept := Ref{File: keptName(r), Size: r.Size, CRC: r.CRC}
	if b, err := s.Open(kept); err == nil {
		return kept, b.Close()
	}
	src, err := s.Open(r)
	if err != nil {
		return Ref{}, err
	}
	defer src.Close()
	if err := s.keep(src, r, kept.File); err != nil {
		return Ref{}, fmt.Errorf("keep %s: %w", r.File, err)
	}
	return kept, nil
}

// keptName follows from the Ref, so that a copy is made once.
func keptName(r Ref) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d\x00%d", r.File, r.Offset, r.Size, r.CRC))
	hour := hourForm
	if t, ok := hourOf(r.File); ok {
		hour = t.Format(hourForm)
	}
	return filepath.Join(keptDir, hour[:6], hour+"-"+hex.EncodeToString(sum[:8])+keptSuffix)
}

func (s *Spool) keep(src *Body, r Ref, name string) error {
	random, err := randomHex(8)
	if err != nil {
		return err
	}
	tmp := filepath.Join(s.dir, tmpDir, random)
	f, err := s.fs.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = compress(f, src, r)
	if err == nil {
		if err = f.Datasync(); err != nil {
			err = s.syncFailed(tmp, err)
		}
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = s.publish(tmp, name)
	}
	if err != nil {
		_ = s.fs.Remove(tmp)
	}
	return err
}

// frameSize is how many octets of a body each frame of a kept copy holds. ReadAt decodes whole frames.
const frameSize = 256 << 10

// The seekable format's numbers (facebook/zstd, contrib/seekable_format/zstd_seekable_compression_format.md).
const (
	skippableMagic = 0x184D2A5E
	seekableMagic  = 0x8F92EAB1
	seekFooterSize = 9
	seekEntrySize  = 8
)

// compress writes src as independent frames with a seek table behind them; `zstd -d` reads it as well.
func compress(dst io.Writer, src *Body, r Ref) error {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return err
	}
	defer enc.Close()
	var table []byte
	plain, packed := make([]byte, frameSize), []byte(nil)
	crc := uint32(0)
	for off := int64(0); off < r.Size; off += frameSize {
		chunk := plain[:min(frameSize, r.Size-off)]
		if _, err := src.ReadAt(chunk, off); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		crc = crc32.Update(crc, castagnoli, chunk)
		packed = enc.EncodeAll(chunk, packed[:0])
		if _, err := dst.Write(packed); err != nil {
			return err
		}
		table = binary.LittleEndian.AppendUint32(table, uint32(len(packed)))
		table = binary.LittleEndian.AppendUint32(table, uint32(len(chunk)))
	}
	if crc != r.CRC {
		return ErrCorrupt
	}
	_, err = dst.Write(seekTable(table))
	return err
}

// seekTable puts the entries into the skippable frame that ends the file.
func seekTable(entries []byte) []byte {
	var b bytes.Buffer
	head := binary.LittleEndian.AppendUint32(nil, skippableMagic)
	b.Write(binary.LittleEndian.AppendUint32(head, uint32(len(entries)+seekFooterSize)))
	b.Write(entries)
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(entries)/seekEntrySize)))
	b.WriteByte(0) // descriptor: no checksum for each frame, the Ref has one for the whole
	b.Write(binary.LittleEndian.AppendUint32(nil, seekableMagic))
	return b.Bytes()
}

// frames reads a kept copy. It holds one decoded frame.
type frames struct {
	file    File
	offsets []int64 // where each frame begins, and one more for the end
	size    int64   // of the body

	mu    sync.Mutex // owns what follows
	dec   *zstd.Decoder
	held  int // number of the frame in plain, -1 for none
	plain []byte
	read  []byte
}

func keptBody(f File, r Ref) (*Body, error) {
	offsets, err := readSeekTable(f, r.Size)
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(4*frameSize))
	if err != nil {
		return nil, err
	}
	fr := &frames{file: f, offsets: offsets, size: r.Size, dec: dec, held: -1}
	return &Body{ReaderAt: fr, size: r.Size, close: sync.OnceValue(fr.close)}, nil
}

func (fr *frames) close() error {
	fr.mu.Lock()
	defer fr.mu.Unlock()
	fr.dec.Close()
	return fr.file.Close()
}

// readSeekTable reads where the frames of a body of the given size lie, and checks that they fit the file.
func readSeekTable(f File, size int64) ([]int64, error) {
	n := (size + frameSize - 1) / frameSize
	table := make([]byte, 8+n*seekEntrySize+seekFooterSize)
	end, err := f.Size()
	if err != nil {
		return nil, err
	}
	start := end - int64(len(table))
	if start < 0 {
		return nil, fmt.Errorf("%w: no room for the seek table", ErrCorrupt)
	}
	if _, err := f.ReadAt(table, start); err != nil {
		return nil, err
	}
	entries := table[8 : 8+n*seekEntrySize]
	if !bytes.Equal(table, seekTable(entries)) {
		return nil, fmt.Errorf("%w: no seek table", ErrCorrupt)
	}
	offsets := []int64{0}
	for ; len(entries) > 0; entries = entries[seekEntrySize:] {
		offsets = append(offsets, offsets[len(offsets)-1]+int64(binary.LittleEndian.Uint32(entries)))
	}
	if offsets[n] != start {
		return nil, fmt.Errorf("%w: the frames do not fill the file", ErrCorrupt)
	}
	return offsets, nil
}

// ReadAt reads octets of the body, as io.ReaderAt has it.
func (fr *frames) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	fr.mu.Lock()
	defer fr.mu.Unlock()
	done := 0
	for done < len(p) && off < fr.size {
		if err := fr.load(int(off / frameSize)); err != nil {
			return done, err
		}
		n := copy(p[done:], fr.plain[off%frameSize:])
		done, off = done+n, off+int64(n)
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// load decodes frame i unless it is the one that is held.
func (fr *frames) load(i int) error {
	if fr.held == i {
		return nil
	}
	fr.held = -1
	packed := fr.offsets[i+1] - fr.offsets[i]
	if packed > 2*frameSize {
		return fmt.Errorf("%w: frame %d has %d octets", ErrCorrupt, i, packed)
	}
	fr.read = append(fr.read[:0], make([]byte, packed)...)
	if _, err := fr.file.ReadAt(fr.read, fr.offsets[i]); err != nil {
		return err
	}
	plain, err := fr.dec.DecodeAll(fr.read, fr.plain[:0])
	if err != nil {
		return fmt.Errorf("%w: frame %d: %w", ErrCorrupt, i, err)
	}
	if want := min(frameSize, fr.size-int64(i)*frameSize); int64(len(plain)) != want {
		return fmt.Errorf("%w: frame %d has %d octets, not %d", ErrCorrupt, i, len(plain), want)
	}
	fr.plain, fr.held = plain, i
	return nil
}
