# The application's latency over time, with the phases of the import. usage: gnuplot -e "out='DIR'" latency.gnuplot
set encoding utf8
set logscale y
set xlabel "time (s)"
set ylabel "latency of one I/O (ms)"
set format y "%g"
set grid ytics lc rgb "#dddddd"
set key off
set yrange [*:1000]
load out."/phases.gnuplot"

set terminal svg size 1100,520 font "sans,13" background rgb "white"
set output out."/latency.svg"
plot out."/latency.dat" using 1:2 with points pointtype 7 pointsize 0.25 linecolor rgb "#1f4e79"

set terminal pngcairo size 1100,520 font "sans,11" background rgb "white"
set output out."/latency.png"
replot
