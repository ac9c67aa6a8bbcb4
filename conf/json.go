package conf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// parseJSON reads exactly one JSON value.
func parseJSON(file string, src []byte) (*Node, error) {
	p := &jsonParser{file: file, src: src,
		dec: jsontext.NewDecoder(bytes.NewReader(src), jsontext.AllowDuplicateNames(true))}
	p.line = 1
	root, err := p.value(1)
	if err == nil {
		var token jsontext.Token
		if token, err = p.dec.ReadToken(); errors.Is(err, io.EOF) {
			return root, nil
		} else if err == nil {
			err = fmt.Errorf("after the document comes more JSON (%s)", token.Kind())
		}
	}
	var problems Problems
	if errors.As(err, &problems) {
		return nil, problems
	}
	return nil, Problems{p.syntax(err)}
}

type jsonParser struct {
	file             string
	src              []byte
	dec              *jsontext.Decoder
	seen, line, base int // offset up to which lines are counted, the line there, and the offset at which it begins
}

// at returns the position of the token that ends where the decoder stands and is length bytes long.
func (p *jsonParser) at(offset int) Position {
	for ; p.seen < offset && p.seen < len(p.src); p.seen++ {
		if p.src[p.seen] == '\n' {
			p.line, p.base = p.line+1, p.seen+1
		}
	}
	return Position{File: p.file, Line: p.line, Col: offset - p.base + 1}
}

// next reads a token and says where it begins.
func (p *jsonParser) next() (jsontext.Token, Position, error) {
	begin := int(p.dec.InputOffset())
	for begin < len(p.src) && strings.IndexByte(" \t\r\n,:", p.src[begin]) >= 0 {
		begin++
	}
	token, err := p.dec.ReadToken()
	return token, p.at(begin), err
}

func (p *jsonParser) value(depth int) (*Node, error) {
	token, at, err := p.next()
	if err != nil {
		return nil, err
	}
	return p.from(token, at, depth)
}

func (p *jsonParser) from(token jsontext.Token, at Position, depth int) (*Node, error) {
	if depth > MaxDepth {
		return nil, Problems{{Position: at, Message: fmt.Sprintf("nested deeper than %d levels", MaxDepth), Hint: "flatten it"}}
	}
	n := &Node{Position: at}
	switch token.Kind() {
	case 'n':
		n.Kind = Null
	case 't', 'f':
		n.Kind, n.Text = Bool, token.String()
	case '0':
		n.Kind, n.Text = Number, token.String()
	case '"':
		n.Kind, n.Text = String, token.String()
	case '[':
		n.Kind = List
		for p.dec.PeekKind() != ']' {
			item, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, item)
		}
		if _, err := p.dec.ReadToken(); err != nil {
			return nil, err
		}
	case '{':
		n.Kind = Object
		for p.dec.PeekKind() != '}' {
			name, keyAt, err := p.next()
			if err != nil {
				return nil, err
			}
			f := Field{Name: name.String(), At: keyAt}
			if f.Value, err = p.value(depth + 1); err != nil {
				return nil, err
			}
			n.Fields = append(n.Fields, f)
		}
		if _, err := p.dec.ReadToken(); err != nil {
			return nil, err
		}
	}
	if problem := measure(n); problem != nil {
		return nil, Problems{*problem}
	}
	return n, nil
}

// syntax turns the decoder's complaint into a problem at its offset.
func (p *jsonParser) syntax(err error) Problem {
	offset, message := int(p.dec.InputOffset()), err.Error()
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntactic):
		offset, message = int(syntactic.ByteOffset), syntactic.Err.Error()
	case errors.Is(err, io.EOF):
		return Problem{Position: Position{File: p.file}, Message: "the file is empty"}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		message = "the file ends in the middle of a value"
	}
	return Problem{Position: positionIn(p.file, p.src, offset), Message: "not valid JSON: " + message}
}
