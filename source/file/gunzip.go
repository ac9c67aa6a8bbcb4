package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"riposte.dev/fault"
)

// A gzip file that grows by more than maxRatio beyond freeBytes is taken for a bomb; CloudTrail's grow by 10 to 20.
const (
	maxRatio  = 200
	freeBytes = 64 << 20
)

// room is what reading a file takes. It is used again for the next file: most log files are small.
type room struct {
	packed   *bufio.Reader
	zip      *gzip.Reader
	splitter splitter
}

// gunzip returns src decompressed where it begins with gzip's magic number, as it is otherwise.
func (r *room) gunzip(src *counting) (io.Reader, error) {
	magic := make([]byte, 2)
	n, _ := io.ReadFull(src, magic) // an error comes again
	whole := io.MultiReader(bytes.NewReader(magic[:n]), src)
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return whole, nil
	}
	if r.packed == nil {
		r.packed = bufio.NewReaderSize(whole, headSize)
	} else {
		r.packed.Reset(whole)
	}
	var err error
	if r.zip == nil {
		r.zip, err = gzip.NewReader(r.packed)
	} else {
		err = r.zip.Reset(r.packed)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "not a gzip file: %w", err)
	}
	return &bounded{zip: r.zip, packed: src}, nil
}

// bounded is a gzip reader that stops at a bomb.
type bounded struct {
	zip    *gzip.Reader
	packed *counting
	out    int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.zip.Read(p)
	b.out += int64(n)
	if b.out > freeBytes && b.out > maxRatio*b.packed.n {
		return 0, fault.New(fault.TooLarge, "the gzip file grows more than %d-fold; it is not read further", maxRatio).
			WithHint("unpack it yourself if you trust it")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("gzip: %w", err)
	}
	return n, err
}

// counting counts and reports what is read, and stops when the context ends.
type counting struct {
	src    io.Reader
	report func(int)
	ctx    context.Context
	n      int64
}

func (c *counting) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.src.Read(p)
	c.n += int64(n)
	if c.report != nil && n > 0 {
		c.report(n)
	}
	return n, err
}
