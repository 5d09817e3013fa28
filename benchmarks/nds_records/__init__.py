"""The authors' files of Network Design Spaces, which are of one form for the macro families and for the cells."""

CITATION = "Radosavovic et al., On Network Design Spaces for Visual Recognition, ICCV 2019"
