"""One time axis: thumbnails, waveform, segment lanes, playhead."""
