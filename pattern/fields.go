package pattern

import (
	"bytes"
	"strings"
)

// fieldSet numbers the fields that patterns name and finds them while an event is read. The language joins the keys on
// the way to a value by dots, so {"a.b": 1} and {"a": {"b": 1}} have the same field: the tree branches at dots whatever
// the keys were.
type fieldSet struct {
	root  fieldNode
	names []string
	hunts []hunt // by field
	uses  []int
	free  []int32
	// version changes with the tree.
	version uint64
}

// fieldNode is a place in the tree; id is the field that ends here, -1 if none.
type fieldNode struct {
	id      int32
	next    map[string]*fieldNode
	lengths uint64 // of the keys of next, modulo 64; some may be gone
}

// add returns the number of the field and counts a use of it.
func (f *fieldSet) add(name string) int32 {
	at := &f.root
	for part := range strings.SplitSeq(name, ".") {
		next := at.next[part]
		if next == nil {
			if at.next == nil {
				at.next = map[string]*fieldNode{}
			}
			next = &fieldNode{id: -1}
			at.next[part] = next
			at.lengths |= 1 << (len(part) & 63)
		}
		at = next
	}
	if at.id < 0 {
		f.version++
		if n := len(f.free); n > 0 {
			at.id, f.free = f.free[n-1], f.free[:n-1]
			f.names[at.id], f.hunts[at.id] = name, newHunt(name)
		} else {
			at.id = int32(len(f.names))
			f.names, f.uses, f.hunts = append(f.names, name), append(f.uses, 0), append(f.hunts, newHunt(name))
		}
	}
	f.uses[at.id]++
	return at.id
}

// remove takes back one use of the field; without uses it is forgotten.
func (f *fieldSet) remove(id int32) {
	if f.uses[id]--; f.uses[id] == 0 {
		f.version++
		f.root.prune(strings.Split(f.names[id], "."))
		f.names[id] = ""
		f.free = append(f.free, id)
	}
}

// prune forgets the field that ends after parts and the nodes that lead nowhere else.
func (n *fieldNode) prune(parts []string) {
	if len(parts) == 0 {
		n.id = -1
		return
	}
	next := n.next[parts[0]]
	next.prune(parts[1:])
	if next.id < 0 && len(next.next) == 0 {
		delete(n.next, parts[0])
	}
}

// child returns where key leads from n, nil if no field lies there. A key with dots takes several steps.
func (n *fieldNode) child(key []byte) *fieldNode {
	if n.lengths&(1<<(len(key)&63)) != 0 {
		if next := n.next[string(key)]; next != nil {
			return next
		}
	}
	dot := bytes.IndexByte(key, '.')
	if dot < 0 {
		return nil
	}
	for ; dot >= 0; dot = bytes.IndexByte(key, '.') {
		if n = n.next[string(key[:dot])]; n == nil {
			return nil
		}
		key = key[dot+1:]
	}
	return n.next[string(key)]
}
