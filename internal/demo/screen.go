package demo

import (
	"fmt"
	"strings"
	"time"
)

// screen shows where each story stands: on a terminal as one table that is redrawn, else as lines.
type screen struct {
	o       Options
	stories []*story
	start   time.Time
	drawn   int
	changed bool
}

func newScreen(o Options, s *script) *screen {
	return &screen{o: o, stories: s.Stories, start: time.Now()}
}

// show notes a story's state.
func (s *screen) show(st *story, state string) {
	if st.state == state {
		return
	}
	st.state, s.changed = state, true
	if !s.live() {
		line := fmt.Sprintf("%5.1f s  %s  %-46s %s", time.Since(s.start).Seconds(), st.ID, clip(st.Title, 46), state)
		fmt.Fprintln(s.o.Out, fold(line, s.o.width(), 13))
	}
}

// live reports whether one table is redrawn. One that is higher than the terminal cannot be: its first lines are gone
// when it is to be drawn again.
func (s *screen) live() bool {
	if s.drawn == 0 && s.o.Live && s.o.height() > 0 && s.o.height() <= len(s.stories)+1 {
		s.o.Live = false
	}
	return s.o.Live
}

// draw redraws the table on a terminal.
func (s *screen) draw() {
	if !s.live() || !s.changed {
		return
	}
	var b strings.Builder
	width := s.o.width()
	title := min(46, width/2)
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	for _, st := range s.stories {
		fmt.Fprintf(&b, "\r\x1b[2K%s\n",
			clip(fmt.Sprintf("%s  %-*s %s", st.ID, title, clip(st.Title, title), st.state), width))
	}
	s.drawn, s.changed = len(s.stories), false
	fmt.Fprint(s.o.Out, b.String())
}

func (s *screen) end() {
	s.changed = true
	s.draw()
}

func clip(text string, width int) string {
	r := []rune(text)
	if len(r) <= width {
		return text
	}
	return string(r[:width-1]) + "…"
}
