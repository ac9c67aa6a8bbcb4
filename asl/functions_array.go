package asl

import (
	"errors"
	"fmt"
	"slices"
)

func arrayContains(a []any, _ func() uint64) (any, error) {
	list, err := listArg(a, 0)
	return slices.ContainsFunc(list, func(v any) bool { return equal(v, a[1]) }), err
}

func arrayGetItem(a []any, _ func() uint64) (any, error) {
	list, errList := listArg(a, 0)
	i, errIndex := integerArg(a, 1)
	if err := errors.Join(errList, errIndex); err != nil {
		return nil, err
	}
	if i < 0 || i >= int64(len(list)) {
		return nil, fmt.Errorf("there is no item %d in an array of %d", i, len(list))
	}
	return list[i], nil
}

func arrayLength(a []any, _ func() uint64) (any, error) {
	list, err := listArg(a, 0)
	return numberOf(len(list)), err
}

func arrayPartition(a []any, _ func() uint64) (any, error) {
	list, errList := listArg(a, 0)
	size, errSize := integerArg(a, 1)
	if err := errors.Join(errList, errSize); err != nil {
		return nil, err
	}
	if size < 1 {
		return nil, fmt.Errorf("the chunk size must be at least 1, not %d", size)
	}
	parts := []any{}
	for chunk := range slices.Chunk(list, int(min(size, int64(max(len(list), 1))))) {
		parts = append(parts, chunk)
	}
	return parts, nil
}

// maxRange is the limit of AWS on the items of States.ArrayRange.
const maxRange = 1000

func arrayRange(a []any, _ func() uint64) (any, error) {
	first, errFirst := integerArg(a, 0)
	last, errLast := integerArg(a, 1)
	step, errStep := integerArg(a, 2)
	if err := errors.Join(errFirst, errLast, errStep); err != nil {
		return nil, err
	}
	if step == 0 {
		return nil, errors.New("the step must not be 0")
	}
	items := []any{}
	for i := first; step > 0 && i <= last || step < 0 && i >= last; i += step {
		if len(items) == maxRange {
			return nil, fmt.Errorf("the range has more than %d items", maxRange)
		}
		items = append(items, numberOf(i))
	}
	return items, nil
}

func arrayUnique(a []any, _ func() uint64) (any, error) {
	list, err := listArg(a, 0)
	seen := map[string]bool{}
	unique := []any{}
	for _, item := range list {
		if key := canonical(item); !seen[key] {
			seen[key] = true
			unique = append(unique, item)
		}
	}
	return unique, err
}

// canonical is a text that is the same for equal values.
func canonical(v any) string { return string(appendValue(nil, sorted(v))) }

func sorted(v any) any {
	switch v := v.(type) {
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = sorted(item)
		}
		return items
	case *object:
		o := newObject(len(v.names))
		for _, name := range slices.Sorted(slices.Values(v.names)) {
			o.set(name, sorted(v.values[name]))
		}
		return o
	default:
		if f, ok := number(v); ok {
			return fmt.Sprintf("\x00%g", f) // not to be mistaken for text: \x00 can't be typed by chance
		}
		return v
	}
}
