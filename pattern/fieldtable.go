package pattern

// fieldTable finds things by the number of a field, without a hash.
type fieldTable[T any] struct {
	cells []fieldCell[T] // a power of two of them, at most half in use
	used  int
}

type fieldCell[T any] struct {
	field int32
	item  *T // nil: free
}

// get returns the field's item, nil if there is none.
func (t *fieldTable[T]) get(field int32) *T {
	mask := len(t.cells) - 1
	if mask < 0 {
		return nil
	}
	for i := int(field) & mask; ; i = (i + 1) & mask {
		if cell := &t.cells[i]; cell.item == nil || cell.field == field {
			return cell.item
		}
	}
}

// set adds an item for a field that has none.
func (t *fieldTable[T]) set(field int32, item *T) {
	if t.used*2 >= len(t.cells) {
		old := t.cells
		t.cells, t.used = make([]fieldCell[T], max(4, len(old)*2)), 0
		for _, cell := range old {
			if cell.item != nil {
				t.place(cell.field, cell.item)
			}
		}
	}
	t.place(field, item)
}

func (t *fieldTable[T]) place(field int32, item *T) {
	mask := len(t.cells) - 1
	i := int(field) & mask
	for t.cells[i].item != nil {
		i = (i + 1) & mask
	}
	t.cells[i] = fieldCell[T]{field, item}
	t.used++
}

// delete takes out the item of the field, which has one. What a search would no longer find moves into the gap.
func (t *fieldTable[T]) delete(field int32) {
	mask := len(t.cells) - 1
	gap := int(field) & mask
	for t.cells[gap].field != field || t.cells[gap].item == nil {
		gap = (gap + 1) & mask
	}
	t.used--
	for i := (gap + 1) & mask; t.cells[i].item != nil; i = (i + 1) & mask {
		home := int(t.cells[i].field) & mask
		if (i-home)&mask >= (i-gap)&mask {
			t.cells[gap], gap = t.cells[i], i
		}
	}
	t.cells[gap] = fieldCell[T]{}
}
